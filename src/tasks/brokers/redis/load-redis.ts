import { MissingPackageError } from '../../errors.js';

export interface RedisLibraries {
  readonly bullmq: typeof import('bullmq');
  readonly ioredis: Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>;
}

/** The packages of this broker, which applications without Redis need not have. @throws MissingPackageError */
export async function loadRedis(): Promise<RedisLibraries> {
  const [bullmq, ioredis] = await Promise.all([
    import('bullmq').catch((error: unknown) => missing('bullmq', error)),
    import('ioredis').catch((error: unknown) => missing('ioredis', error)),
  ]);
  const packages = [bullmq, ioredis].flatMap((loaded) => (loaded instanceof Missing ? [loaded.name] : []));
  if (bullmq instanceof Missing || ioredis instanceof Missing)
    throw new MissingPackageError(packages, 'a broker with redis://');
  return { bullmq, ioredis };
}

class Missing {
  constructor(readonly name: string) {}
}

function missing(name: string, error: unknown): Missing {
  if ((error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND') return new Missing(name);
  throw error;
}
