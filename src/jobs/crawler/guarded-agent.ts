import { isIP, type LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { Agent, buildConnector } from 'undici';
import { AddressRefusedError } from './crawler.errors.js';
import type { CrawlerSettings, Resolve } from './crawler.options.js';
import { isPublicAddress } from './public-address.js';

type Settings = Pick<CrawlerSettings, 'allowPrivateAddresses' | 'requestTimeout' | 'resolve'>;

/**
 * Opens connections, and only to public addresses unless told otherwise. The check is made on the addresses that the
 * connection is then opened to, so that a name which leads somewhere else the next time it is asked for gains nothing.
 */
export function createAgent({ allowPrivateAddresses, requestTimeout, resolve }: Settings): Agent {
  const isAllowed = allowPrivateAddresses ? () => true : isPublicAddress;
  const open = buildConnector({ timeout: requestTimeout, lookup: guardedLookup(resolve, isAllowed) });
  return new Agent({
    connections: 1,
    connect: (target, callback) => {
      // an address is never looked up
      if (isIP(target.hostname) && !isAllowed(target.hostname)) callback(new AddressRefusedError(), null);
      else open(target, callback);
    },
  });
}

function guardedLookup(resolve: Resolve, isAllowed: (address: string) => boolean): LookupFunction {
  const find = async (hostname: string) => {
    const found = await resolve(hostname);
    // a name that has both kinds of addresses is not an honest one
    if (found.length === 0 || !found.every(({ address }) => isAllowed(address)))
      throw new AddressRefusedError();
    return found;
  };
  const findThen = callbackify(find);
  return (hostname, { all }, callback) =>
    findThen(hostname, (error, found) => {
      const [first] = found ?? [];
      if (error || !first) callback(error, '');
      else if (all) callback(null, found);
      else callback(null, first.address, first.family);
    });
}
