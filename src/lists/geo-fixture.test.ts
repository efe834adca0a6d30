// No tests here: databases in MaxMind's format (MaxMind DB 2.0), as this room's tests write them. Kept apart from the product by its name.

/** A value of a record: what databases of countries and systems hold. */
type Value = string | number | { readonly [key: string]: Value };

/** What is written: records by the bits of their networks, the first bits first. */
export interface Written {
  readonly ipVersion: 4 | 6;
  readonly recordSize: 24 | 28 | 32;
  readonly networks: readonly (readonly [bits: string, value: Value])[];
}

interface Node {
  sides: [Node | number | null, Node | number | null];
}

/** A whole database. Networks do not lie in each other. */
export function writeGeo({ ipVersion, recordSize, networks }: Written): Buffer {
  const root: Node = { sides: [null, null] };
  const data: Buffer[] = [];
  let length = 0;
  for (const [bits, value] of networks) {
    let node = root;
    for (const bit of bits.slice(0, -1)) {
      const side = Number(bit);
      const next = node.sides[side];
      node = next !== null && typeof next === 'object' ? (next as Node) : (node.sides[side] = { sides: [null, null] });
    }
    node.sides[Number(bits.at(-1))] = length;
    const bytes = encode(value);
    data.push(bytes);
    length += bytes.length;
  }
  const nodes = [root];
  for (const node of nodes)
    for (const side of node.sides) if (typeof side === 'object' && side !== null) nodes.push(side);
  const place = new Map(nodes.map((node, at) => [node, at]));
  const numberOf = (side: Node | number | null): number => {
    if (side === null) return nodes.length;
    return typeof side === 'number' ? nodes.length + 16 + side : (place.get(side) as number);
  };
  const tree = nodes.map(({ sides: [left, right] }) => record(recordSize, numberOf(left), numberOf(right)));
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_780_000_000,
    database_type: 'Test',
    description: { en: 'for tests' },
    ip_version: ipVersion,
    node_count: nodes.length,
    record_size: recordSize,
  });
  return Buffer.concat([
    ...tree,
    Buffer.alloc(16),
    ...data,
    Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
    metadata,
  ]);
}

function record(size: 24 | 28 | 32, left: number, right: number): Buffer {
  const bytes = Buffer.alloc(size / 4);
  if (size === 24) {
    bytes.writeUIntBE(left, 0, 3);
    bytes.writeUIntBE(right, 3, 3);
  } else if (size === 32) {
    bytes.writeUInt32BE(left, 0);
    bytes.writeUInt32BE(right, 4);
  } else {
    bytes.writeUIntBE(left & 0xffffff, 0, 3);
    bytes[3] = ((left >>> 24) << 4) | (right >>> 24);
    bytes.writeUIntBE(right & 0xffffff, 4, 3);
  }
  return bytes;
}

/** Control byte and payload: texts are type 2, unsigned numbers of 32 bits 6, maps 7. */
function encode(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(6, 4), bytes]);
  }
  const members = Object.entries(value).flatMap(([key, member]) => [encode(key), encode(member)]);
  return Buffer.concat([control(7, Object.keys(value).length), ...members]);
}

function control(type: number, size: number): Buffer {
  return size < 29 ? Buffer.of((type << 5) | size) : Buffer.of((type << 5) | 29, size - 29);
}

/** The bits of an address in text form, so many of them. */
export function bitsOf(address: readonly number[], count: number): string {
  return address
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
    .slice(0, count);
}
