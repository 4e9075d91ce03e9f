import { lengthen } from '../store/short-id.js';
import type { ServiceChannel } from './service-storage.js';

/** See `TaskService.watch`. @returns stops it */
export function watchChanges(
  channel: ServiceChannel,
  hear: (ids: readonly string[] | undefined) => void,
): () => void {
  const changed = (shortIds: string[] | undefined) => hear(shortIds?.map(lengthen));
  const unknown = () => hear(undefined);
  channel.on('changed', changed);
  channel.on('ready', unknown);
  channel.on('reconnected', unknown);
  return () => {
    channel.off('changed', changed);
    channel.off('ready', unknown);
    channel.off('reconnected', unknown);
  };
}
