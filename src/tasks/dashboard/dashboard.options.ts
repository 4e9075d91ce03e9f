import type { CanActivate, Type } from '@nestjs/common';
import { toMilliseconds, type Duration } from '../duration.js';

/** Options of `TasksDashboardModule.forRoot()`. */
export interface TasksDashboardOptions {
  /** Where the page is, below a global prefix. Default 'dashboard'. */
  path?: string | undefined;
  /** Guards of the application in front of the page, such as its own login. Default: none. */
  guards?: readonly Type<CanActivate>[] | undefined;
  /** How long a browser stays logged in with a key. Default '12h'. */
  session?: Duration | undefined;
}

export interface ResolvedDashboardOptions {
  readonly path: string;
  readonly sessionMs: number;
}

export const DASHBOARD_OPTIONS = Symbol('celeriac:dashboard-options');

/** @throws InvalidOptionError */
export function resolveDashboardOptions({ path, session }: TasksDashboardOptions): ResolvedDashboardOptions {
  return { path: path ?? 'dashboard', sessionMs: toMilliseconds(session ?? '12h', 'session') };
}
