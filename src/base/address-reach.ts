import { type AddressBytes, Cidr } from './cidr.ts';

/**
 * How far an address reaches. `public`: the open internet. `private`: loopback, private, shared, reserved and
 * documentation ranges. `never`: link-local addresses and the known addresses where clouds hand out credentials,
 * and what is no single host at all (unspecified, multicast, broadcast).
 */
export type AddressReach = 'public' | 'private' | 'never';

// IANA IPv4 Special-Purpose Address Registry (RFC 6890).
const IPV4_PRIVATE = blocks(
  '10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16',
  '198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4',
);

// The single hosts serve instance metadata: Azure, Oracle, Alibaba; then AWS and Google over IPv6.
const IPV4_NEVER = blocks(
  '0.0.0.0/8 169.254.0.0/16 224.0.0.0/4 255.255.255.255/32',
  '168.63.129.16 192.0.0.192 100.100.100.200',
);
const IPV6_NEVER = blocks('::/128 fe80::/10 ff00::/8', 'fd00:ec2::254 fd20:ce::254');

// Everything outside global unicast (RFC 4291 §2.4) is reserved; inside it these are not for the open internet.
const IPV6_GLOBAL = blocks('2000::/3');
const IPV6_PRIVATE = blocks('2001::/23 2001:db8::/32 3fff::/20');

/** Prefixes whose addresses carry an IPv4 address that a translator or tunnel on the way may connect to instead. */
const CARRIERS = [
  { block: blocks('64:ff9b::/96'), offset: 12, flip: 0, own: 'public' }, // NAT64, RFC 6052
  { block: blocks('64:ff9b:1::/48'), offset: 12, flip: 0, own: 'private' }, // local NAT64, RFC 8215
  { block: blocks('2002::/16'), offset: 2, flip: 0, own: 'public' }, // 6to4, RFC 3056
  { block: blocks('2001::/32'), offset: 12, flip: 0xff, own: 'private' }, // Teredo, RFC 4380: complemented
  { block: blocks('::/96'), offset: 12, flip: 0, own: 'private' }, // IPv4-compatible, RFC 4291 §2.5.5.1
] as const;

const ORDER: readonly AddressReach[] = ['public', 'private', 'never'];

/** Classifies an address, looking through the forms of IPv6 that carry an IPv4 address: the narrower of both holds. */
export function addressReach(address: AddressBytes): AddressReach {
  if (address.length === 4) return reachOfIpv4(address);
  if (holds(IPV6_NEVER, address)) return 'never';
  // ::1 lies among the IPv4-compatible addresses and would be read as 0.0.0.1.
  if (address.every((byte, at) => byte === (at === 15 ? 1 : 0))) return 'private';
  const carrier = CARRIERS.find(({ block }) => holds(block, address));
  if (carrier === undefined) return holds(IPV6_GLOBAL, address) && !holds(IPV6_PRIVATE, address) ? 'public' : 'private';
  return narrower(carrier.own, reachOfIpv4(carriedBy(carrier, address)));
}

/** Whether an address stands for this machine alone (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3), also where IPv6 carries it. */
export function isLoopback(address: AddressBytes): boolean {
  if (address.length === 4) return address[0] === 127;
  if (address.every((byte, at) => byte === (at === 15 ? 1 : 0))) return true;
  const carrier = CARRIERS.find(({ block }) => holds(block, address));
  return carrier !== undefined && carriedBy(carrier, address)[0] === 127;
}

function carriedBy({ offset, flip }: (typeof CARRIERS)[number], address: AddressBytes): AddressBytes {
  return address.slice(offset, offset + 4).map((byte) => byte ^ flip);
}

function reachOfIpv4(address: AddressBytes): AddressReach {
  if (holds(IPV4_NEVER, address)) return 'never';
  return holds(IPV4_PRIVATE, address) ? 'private' : 'public';
}

function narrower(a: AddressReach, b: AddressReach): AddressReach {
  return ORDER.indexOf(a) > ORDER.indexOf(b) ? a : b;
}

function holds(list: readonly Cidr[], address: AddressBytes): boolean {
  return list.some((block) => block.contains(address));
}

function blocks(...lines: readonly string[]): readonly Cidr[] {
  return lines
    .join(' ')
    .split(' ')
    .map((text) => {
      const block = Cidr.parse(text);
      if (!block.ok) throw new Error(`${text} ${block.error}`);
      return block.value;
    });
}
