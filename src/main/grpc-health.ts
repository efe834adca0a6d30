import type { HeaderFields } from '../wire/index.ts';

const PREFIX_BYTES = 5;
/** Field 1 of HealthCheckRequest, a text; and of HealthCheckResponse, a number. */
const SERVICE_TAG = 0x0a;
const STATUS_TAG = 0x08;
const SERVING = 1;

/** A HealthCheckRequest of grpc.health.v1 with the prefix of its length. `service` has 256 characters at most. */
export function checkFrame(service: string): Buffer {
  const name = Buffer.from(service, 'ascii');
  const length = name.length < 0x80 ? [name.length] : [(name.length & 0x7f) | 0x80, name.length >> 7];
  const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([SERVICE_TAG, ...length]), name]);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/**
 * Why an answer to it does not say that the service serves, in words; null where it does. `fields` are those that have the
 * status of the call: the trailers, or the head of a reply that has nothing else.
 */
export function servingFault(status: number, fields: Pick<HeaderFields, 'get'>, bytes: Buffer): string | null {
  if (status !== 200) return `status ${status}`;
  const code = fields.get('grpc-status');
  if (code !== '0') return `gRPC status ${code ?? 'missing'}`;
  const isWhole =
    bytes.length >= PREFIX_BYTES && bytes[0] === 0 && bytes.readUInt32BE(1) === bytes.length - PREFIX_BYTES;
  if (!isWhole) return 'an answer that is no message of gRPC';
  // A message with the status UNKNOWN, which is 0, has no bytes.
  const served =
    bytes.length === PREFIX_BYTES ? 0 : bytes[PREFIX_BYTES] === STATUS_TAG ? bytes[PREFIX_BYTES + 1] : null;
  return served === SERVING ? null : `serving status ${served ?? 'unknown'}`;
}
