import { CeleriacError } from '../../errors.js';

/**
 * `submit`: submits, sees and revokes its own. `read`: sees and lists its own. `metrics`: scrapes metrics, and sees no
 * task. `admin`: everything of everybody.
 */
export const ROLES = ['submit', 'read', 'metrics', 'admin'] as const;
/** What a key, or whoever `access` names, may do. */
export type Role = (typeof ROLES)[number];

/** Who asks. */
export interface Principal {
  readonly role: Role;
  /** Whose tasks it submits and sees; null for everybody's. */
  readonly owner: string | null;
}

/** What a route needs. */
export type Ability = 'submit' | 'see' | 'list' | 'revoke' | 'measure' | 'administer';

const ABILITIES: ReadonlyMap<Role, readonly Ability[]> = new Map<Role, readonly Ability[]>([
  ['submit', ['submit', 'see', 'revoke']],
  ['read', ['see', 'list']],
  ['metrics', ['measure']],
  ['admin', ['submit', 'see', 'list', 'revoke', 'measure', 'administer']],
]);

/** It is not known who asks. */
export class UnauthenticatedError extends CeleriacError {
  readonly code = 'UNAUTHENTICATED';
}

/** It is known who asks, and it may not do this. */
export class ForbiddenError extends CeleriacError {
  readonly code = 'FORBIDDEN';
}

export function isAble(principal: Principal, ability: Ability | undefined): boolean {
  return ability !== undefined && (ABILITIES.get(principal.role)?.includes(ability) ?? false);
}

/** Whose tasks it may see, for `TaskService.record(id, { owner })`; undefined for everybody's. An admin sees all. */
export function scopeOf({ role, owner }: Principal): string | undefined {
  return role === 'admin' ? undefined : (owner ?? undefined);
}

/** Whose what it submits is; undefined for nobody's. */
export const ownerOf = ({ owner }: Principal): string | undefined => owner ?? undefined;

/** What the history calls who did something. */
export function byOf({ owner, role }: Principal): string {
  return owner ?? role;
}
