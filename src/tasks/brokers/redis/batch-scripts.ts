import type { JobJson, MinimalJob, RedisQueueBackend } from 'bullmq';
import { BrokerRefusedError } from '../../errors.js';
import type { RedisClient } from './redis-clients.js';

interface Script {
  readonly lua: string;
  readonly numberOfKeys?: number;
}

type Argument = string | number | Buffer;
type Command = (...args: Argument[]) => Promise<unknown>;

/** Jobs of one call: a longer script would keep Redis from everybody else. */
export const MAX_JOBS = 100;
/** Stands for a job's id where BullMQ builds the arguments of its scripts. */
const ID = 'celeriac-job-id';

/**
 * BullMQ's own scripts, run for many jobs in one round trip: BullMQ has them for one job at a time, and most of the
 * time would be spent on the way. Their texts and arguments are BullMQ's, taken from it when the connection is made.
 */
export class BatchScripts {
  private readonly scripts = new Map<string, Script>();
  private readonly forms = new Map<string, QueueForms>();

  /** @param client before BullMQ has it */
  constructor(private readonly client: RedisClient) {
    const define = client.defineCommand.bind(client);
    client.defineCommand = (name, script) => {
      // addPrioritizedJob:6.7.0
      this.scripts.set(name.split(':')[0]!, script);
      define(name, script);
    };
  }

  /** When BullMQ has loaded its scripts. @throws BrokerRefusedError when its version has others */
  load(): void {
    this.client.defineCommand('celeriacAdd', { lua: manyAdded(this.script('addPrioritizedJob')) });
    this.client.defineCommand('celeriacTake', { lua: manyTaken(this.script('moveToActive')) });
    this.client.defineCommand('celeriacFinish', { lua: manyFinished(this.script('moveToFinished')) });
  }

  async add(backend: RedisQueueBackend, entries: readonly { job: JobJson; jobId: string }[]): Promise<void> {
    const keys = this.script('addPrioritizedJob').numberOfKeys ?? 0;
    for (let i = 0; i < entries.length; i += MAX_JOBS) {
      let shared: Argument[] = [];
      const own: Argument[] = [];
      for (const { job, jobId } of entries.slice(i, i + MAX_JOBS)) {
        const args = addArguments(backend, job, jobId);
        shared = args.slice(0, keys);
        own.push(jobId, ...args.slice(keys));
      }
      const perJob = own.length / Math.min(MAX_JOBS, entries.length - i);
      const lists = LISTS.map((list) => backend.toKey(list));
      const head = [keys, backend.toKey(''), perJob];
      await this.command('celeriacAdd')(keys + lists.length, ...shared, ...lists, ...head, ...own);
    }
  }

  /** Takes up to `count` jobs. @returns their ids; fewer when there are no more */
  async take(backend: RedisQueueBackend, token: string, count: number): Promise<string[]> {
    const { keys, args, timeAt } = (await this.formsOf(backend, token)).take;
    const current = args.with(timeAt, Date.now());
    const limit = Math.min(count, MAX_JOBS);
    return (await this.command('celeriacTake')(keys.length, ...keys, limit, ...current)) as string[];
  }

  /**
   * Completes jobs and takes up to `next` others.
   * @returns the ids of those that were taken; fewer when there are no more
   */
  async finish(
    backend: RedisQueueBackend,
    token: string,
    jobIds: readonly string[],
    next: number,
  ): Promise<string[]> {
    const form = (await this.formsOf(backend, token)).finish;
    const { keys, idAt, keyAt, nextAt, prefix } = form;
    const args = form.args.with(form.timeAt, Date.now());
    const taken: string[] = [];
    for (let i = 0; i < jobIds.length; i += MAX_JOBS) {
      const ids = jobIds.slice(i, i + MAX_JOBS);
      const wanted = Math.min(ids.length, next - taken.length);
      const head = [args.length, idAt + 1, keyAt + 1, nextAt + 1, prefix, wanted];
      const answer = await this.command('celeriacFinish')(keys.length, ...keys, ...head, ...args, ...ids);
      taken.push(...(answer as string[]));
    }
    return taken;
  }

  private async formsOf(backend: RedisQueueBackend, token: string): Promise<QueueForms> {
    const name = `${backend.qualifiedName} ${token}`;
    let forms = this.forms.get(name);
    if (!forms) {
      const keys = (script: string) => this.script(script).numberOfKeys ?? 0;
      forms = await QueueForms.of(backend, token, {
        take: keys('moveToActive'),
        finish: keys('moveToFinished'),
      });
      this.forms.set(name, forms);
    }
    return forms;
  }

  private script(name: string): Script {
    const script = this.scripts.get(name);
    if (!script) throw unknownVersion();
    return script;
  }

  private command(name: string): Command {
    const client = this.client as unknown as Record<string, Command>;
    return (...args) => client[name]!(...args);
  }
}

/** What BullMQ would send for one job: the keys, then the arguments. */
function addArguments(backend: RedisQueueBackend, job: JobJson, jobId: string): Argument[] {
  const recorder = new Recorder();
  void backend.addJobToTransaction(recorder as never, job, jobId);
  return recorder.arguments;
}

/** Stands in for the connection, to see what BullMQ would send. */
class Recorder {
  private sent: Argument[] | undefined;

  runCommand(_name: string, args: Argument[]): Promise<number[]> {
    this.sent = args;
    return Promise.resolve([0, 0, 0, 0]);
  }

  get arguments(): Argument[] {
    if (!this.sent) throw unknownVersion();
    return this.sent;
  }
}

/** The keys and arguments that BullMQ's scripts take in one queue, and where in them a job stands. */
class QueueForms {
  /** Of the script that takes a job. */
  readonly take: { keys: Argument[]; args: Argument[]; timeAt: number };
  /** Of the script that completes a job. */
  readonly finish: FinishForm;

  static async of(backend: RedisQueueBackend, token: string, keyCounts: { take: number; finish: number }) {
    const recorder = new Recorder();
    const connection = { client: Promise.resolve(recorder) };
    const { name, keys, queue } = backend as unknown as {
      name: string;
      keys: typeof backend.keys;
      queue: { opts: object };
    };
    const Backend = backend.constructor as typeof RedisQueueBackend;
    const twin = new Backend(
      connection as never,
      name,
      keys,
      (type) => backend.toKey(type),
      queue.opts as never,
      undefined,
      false,
    );
    await twin.moveToActive(token);
    return new QueueForms(twin, token, recorder.arguments, keyCounts);
  }

  private constructor(
    twin: RedisQueueBackend,
    token: string,
    take: Argument[],
    keyCounts: { take: number; finish: number },
  ) {
    const args = take.slice(keyCounts.take);
    this.take = { keys: take.slice(0, keyCounts.take), args, timeAt: args.findIndex(isTime) };
    this.finish = finishForm(twin, token, keyCounts.finish);
    if (this.take.timeAt < 0) throw unknownVersion();
  }
}

interface FinishForm {
  readonly keys: Argument[];
  readonly args: Argument[];
  readonly idAt: number;
  readonly timeAt: number;
  /** Where the job's key stands among the keys. */
  readonly keyAt: number;
  /** Where the wish for a next job stands. */
  readonly nextAt: number;
  /** What comes before the id in the job's key. */
  readonly prefix: string;
}

function finishForm(backend: RedisQueueBackend, token: string, keyCount: number): FinishForm {
  const job = { id: ID, opts: { attempts: 1 } } as MinimalJob;
  const build = (next: boolean) =>
    backend.moveToCompletedArgs(job, 'null', true, token, next) as (Argument | undefined)[];
  const without = build(false);
  const withNext = build(true);
  const keys = without.slice(0, keyCount) as string[];
  const args = without.slice(keyCount).map((argument) => argument ?? '');
  const idAt = args.indexOf(ID);
  const keyAt = keys.findIndex((key) => key.endsWith(ID));
  const nextAt = args.findIndex((argument, i) => argument === 0 && withNext[keyCount + i] === 1);
  const timeAt = args.findIndex(isTime);
  if ([idAt, keyAt, nextAt, timeAt].includes(-1)) throw unknownVersion();
  return { keys, args, idAt, keyAt, nextAt, timeAt, prefix: keys[keyAt]!.slice(0, -ID.length) };
}

const isTime = (argument: Argument) => typeof argument === 'number' && argument > 1e12;

function unknownVersion(): BrokerRefusedError {
  return new BrokerRefusedError(
    'this version of bullmq is too new or too old for this version of celeriac: npm install bullmq@6',
  );
}

/** BullMQ's script as a function of its keys and arguments. */
const asFunction = ({ lua }: Script) => `local function one(KEYS, ARGV)\n${lua}\nend\n`;

/** Where a job may be that is there. */
const LISTS = ['prioritized', 'failed', 'completed', 'active', 'wait'] as const;

/**
 * ARGV: how many keys are BullMQ's, the prefix of jobs, how many arguments a job has, then its id and those of each.
 * BullMQ takes a job whose id it knows for one that waits. One that is in none of the lists was lost with them, and one
 * that has ended is told again for a reason: such a job is forgotten first.
 */
const manyAdded = (script: Script) => `${asFunction(script)}
local shared, prefix, count = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local keys = {unpack(KEYS, 1, shared)}
local prioritized, failed, completed, active, wait = unpack(KEYS, shared + 1)
for first = 4, #ARGV, count do
  local id = ARGV[first]
  if redis.call('EXISTS', prefix .. id) == 1 and not redis.call('ZSCORE', prioritized, id)
    and not redis.call('LPOS', active, id) and not redis.call('LPOS', wait, id) then
    redis.call('ZREM', failed, id)
    redis.call('ZREM', completed, id)
    redis.call('DEL', prefix .. id)
  end
  local code = one(keys, {unpack(ARGV, first + 1, first + count - 1)})
  if type(code) == 'number' and code < 0 then
    return redis.error_reply('ERR a job was refused with the code ' .. code)
  end
end
return 0`;

/** ARGV: how many jobs to take, then the arguments of each try. */
const manyTaken = (script: Script) => `${asFunction(script)}
local args = {unpack(ARGV, 2)}
local taken = {}
while #taken < tonumber(ARGV[1]) do
  local job = one(KEYS, args)
  if type(job) ~= 'table' or type(job[2]) ~= 'string' or job[2] == '0' then break end
  taken[#taken + 1] = job[2]
end
return taken`;

/**
 * ARGV: the length of the template; where the id, the key and the wish for a next job stand; the key's prefix; how many
 * next jobs are wanted; the template; the ids. A job that is gone, or is locked by somebody else, is passed over: it was
 * given out anew.
 */
const manyFinished = (script: Script) => `${asFunction(script)}
local length, id_at, key_at, next_at = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local prefix, wanted = ARGV[5], tonumber(ARGV[6])
local taken = {}
local keys = {unpack(KEYS)}
local args = {unpack(ARGV, 7, 6 + length)}
for i = 7 + length, #ARGV do
  keys[key_at] = prefix .. ARGV[i]
  args[id_at] = ARGV[i]
  args[next_at] = wanted > #taken and '1' or '0'
  local result = one(keys, args)
  if type(result) == 'table' and type(result[2]) == 'string' and result[2] ~= '0' then
    taken[#taken + 1] = result[2]
  end
end
return taken`;
