/** A number as it is written: `digits` times ten to the power of `exponent`. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/**
 * A test for multiples of a divisor above zero, by decimal arithmetic: 0.3 is a multiple of 0.1 and 19.99 one of 0.01,
 * though neither is in binary (JSON Schema 2020-12 §6.2.1). A number counts as the shortest decimal that reads as it.
 */
export function multipleTest(divisor: number): (value: number) => boolean {
  const exact = decimalOf(divisor);
  const scale = 10 ** -exact.exponent;
  const step = Number(exact.digits);
  return (value) => {
    if (Number.isInteger(divisor)) return value % divisor === 0;
    const product = Math.round(value / divisor) * step;
    // Decimals of at most 15 digits and doubles stand for each other one to one, and 10^22 is the last exact power.
    if (exact.exponent < 0 && exact.exponent >= -22 && Math.abs(product) < 1e15) return product / scale === value;
    return isMultiple(decimalOf(value), exact);
  };
}

function isMultiple(value: Decimal, divisor: Decimal): boolean {
  // Exponents of doubles lie between -324 and 308, so the powers have some 630 digits at most.
  const lowest = Math.min(value.exponent, divisor.exponent);
  return raised(value, lowest) % raised(divisor, lowest) === 0n;
}

function raised({ digits, exponent }: Decimal, lowest: number): bigint {
  return digits * powerOfTen(exponent - lowest);
}

// There are as many as exponents, and making one costs more than all else here.
const powers: bigint[] = [];

function powerOfTen(exponent: number): bigint {
  return (powers[exponent] ??= 10n ** BigInt(exponent));
}

function decimalOf(value: number): Decimal {
  const [mantissa = '0', power = '0'] = String(value).split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(`${whole}${fraction}`), exponent: Number(power) - fraction.length };
}
