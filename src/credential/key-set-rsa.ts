const MODULUS_BITS = { least: 2048, most: 8192 };
// FIPS 186-5 §A.1.1 wants more than 2^16. Beyond 64 bits each check is slow, and nobody makes such keys.
const EXPONENT_LEAST = 65_537n;
const EXPONENT_LIMIT_OCTETS = 8;

/** Why an RSA public key cannot be trusted to be one, from its members without leading zeros; null where nothing shows. */
export function rsaFault(modulus: Uint8Array, exponent: Uint8Array): string | null {
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < MODULUS_BITS.least || bits > MODULUS_BITS.most) {
    return `has ${bits} bits, and RSA keys have ${MODULUS_BITS.least} to ${MODULUS_BITS.most}`;
  }
  const n = numberOf(modulus);
  if (n % 2n === 0n) return 'has an even modulus';
  if (exponent.length > EXPONENT_LIMIT_OCTETS) return 'has a public exponent of more than 64 bits';
  const e = numberOf(exponent);
  if (e % 2n === 0n || e < EXPONENT_LEAST) return 'has a public exponent that is even or below 65537';
  if (hasInfineonMark(n)) return 'was made by a faulty chip, and its private part can be worked out (CVE-2017-15361)';
  return null;
}

/** The odd primes that every modulus of that chip's generator is made with, however long. */
const MARKED_PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/** What 65537 can be a power to, of each of these primes; of the moduli of that chip all remainders lie there. */
const MARKS: readonly (readonly [bigint, ReadonlySet<number>])[] = MARKED_PRIMES.map((prime) => {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * 65_537) % prime) powers.add(power);
  return [BigInt(prime), powers];
});

/** Nemec et al., "The Return of Coppersmith's Attack", CCS 2017, §2.2: a sound key has the mark once in 2^27. */
function hasInfineonMark(n: bigint): boolean {
  return MARKS.every(([prime, powers]) => powers.has(Number(n % prime)));
}

function numberOf(octets: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(octets).toString('hex')}`);
}
