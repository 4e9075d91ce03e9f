import ipaddr from 'ipaddr.js';

/** What was handed out as public so far; the rest of IPv6 is reserved, or holds IPv4 addresses in disguise. */
const PUBLIC_IPV6 = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];
/** Azure's metadata and health service: a public address that only means something inside. */
const AZURE_INTERNAL = '168.63.129.16';

/** Whether anybody on the internet could visit this address as well. */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  // an IPv4 address that is written as IPv6 is judged as what it is
  const address = ipaddr.process(text);
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv6 ? address.match(PUBLIC_IPV6) : address.toString() !== AZURE_INTERNAL;
}
