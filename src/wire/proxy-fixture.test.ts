// No tests here: PROXY headers as proxies write them. Kept apart from the product by its name.
import { crc32c } from './crc32c.ts';

export const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** A header of version 2 with whatever is said of it. */
export function binary(command: number, family: number, content: Uint8Array, length = content.length): Buffer {
  const head = Buffer.alloc(16);
  SIGNATURE.copy(head);
  head.writeUInt8(command, 12);
  head.writeUInt8(family, 13);
  head.writeUInt16BE(length, 14);
  return Buffer.concat([head, content]);
}

/** Addresses and ports over IPv4: from 203.0.113.9:4711 to 192.0.2.1:443. */
export const OVER_IPV4 = Buffer.from([203, 0, 113, 9, 192, 0, 2, 1, 0x12, 0x67, 0x01, 0xbb]);

/** The same over IPv6: from 2001:db8::9. */
export const OVER_IPV6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000009', 'hex'),
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  OVER_IPV4.subarray(8),
]);

/** A type, a length and a value. */
export function setting(type: number, value: Uint8Array): Buffer {
  const head = Buffer.alloc(3);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(value.length, 1);
  return Buffer.concat([head, value]);
}

/** A header whose last setting is the checksum of all. */
export function checked(family: number, content: Uint8Array): Buffer {
  const header = binary(0x21, family, Buffer.concat([content, setting(0x03, Buffer.alloc(4))]));
  header.writeUInt32BE(crc32c(header), header.length - 4);
  return header;
}
