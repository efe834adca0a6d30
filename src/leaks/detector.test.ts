import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Detector } from './detector.ts';
import { LEAK_CLASSES, type LeakClass } from './finding.ts';

function found(text: string, ...classes: readonly LeakClass[]): readonly string[] | null {
  const bytes = Buffer.from(text);
  const detector = new Detector({ classes: new Set(classes), allowed: new Set() });
  return (
    detector.find(bytes, 'backslash')?.map(({ form, from, to }) => `${form} ${bytes.subarray(from, to).toString()}`) ??
    null
  );
}

/** Numbers that the networks give out for trying, and those made for ranges that have none. */
const CARDS: Readonly<Record<string, readonly string[]>> = {
  visa: ['4111111111111111', '4012888888881881', '4222222222222', '4000000000000000006'],
  mastercard: ['5555555555554444', '5105105105105100', '2223003122003222', '2720990000000007'],
  'american-express': ['378282246310005', '371449635398431', '340000000000009'],
  discover: ['6011111111111117', '6011000990139424', '6510000000000000002'],
  'diners-club': ['30569309025904', '38520000023237', '36227206271667'],
  jcb: ['3530111333300000', '3566002020360505'],
  unionpay: ['6200000000000005', '6205500000000000004'],
  maestro: ['6759649826438453', '6304000000000000'],
  mir: ['2200000000000004'],
  troy: ['9792000000000003'],
};

test('numbers of cards are known by issuer, length and check digit', () => {
  for (const [form, numbers] of Object.entries(CARDS)) {
    for (const number of numbers) {
      assert.deepEqual(found(`"${number}"`, 'cards'), [`${form} ${number}`]);
      const last = (Number(number.at(-1)) + 1) % 10;
      assert.deepEqual(found(`"${number.slice(0, -1)}${last}"`, 'cards'), [], 'its check digit is another');
      assert.deepEqual(found(`"${number.padEnd(20, '0')}"`, 'cards'), [], 'it is longer');
    }
  }
});

test('cards are found in groups as they are printed, and among other groups', () => {
  for (const text of [
    '4111 1111 1111 1111',
    '4111-1111-1111-1111',
    '3782 822463 10005',
    '3056 930902 5904',
    '4000 0000 0000 0000 006',
    '411111 1111111111',
    '41111111 11111111',
  ])
    assert.deepEqual(
      found(`x ${text} y`, 'cards')?.map((each) => each.replace(/^\S+ /, '')),
      [text],
    );
  assert.equal(found('12 4111 1111 1111 1111 123 5555 5555 5555 4444 99', 'cards')?.length, 2);
  assert.deepEqual(found('4111 1111-1111 1111', 'cards'), [], 'nobody prints it so');
  assert.deepEqual(found('4111  1111  1111  1111', 'cards'), []);
  for (let before = 1_015; before < 1_030; before++) {
    const series = `${'1234 '.repeat(before)}4111 1111 1111 1111${' 1234'.repeat(3_000)}`;
    assert.equal(found(series, 'cards')?.length, 1, `a long series is told of in parts, ${before} groups before`);
  }
});

test('cards and accounts are found with whatever is printed between their groups', () => {
  const marks = ['\u00a0', '\u202f', '\u2009', '\u2007', '\u2011', '\u2013', '\\u00a0', '\\u202f', '\\u2009'];
  for (const mark of marks) {
    for (const groups of ['4111 1111 1111 1111', '3782 822463 10005', '4000 0000 0000 0000 006', '411111 1111111111']) {
      const text = groups.replaceAll(' ', mark);
      const [card, ...more] = found(`"Ä ${text}. ü"`, 'cards') ?? [];
      assert.deepEqual([card?.replace(/^\S+ /, ''), more], [text, []], JSON.stringify(text));
    }
    const account = 'DE89 3704 0044 0532 0130 00'.replaceAll(' ', mark);
    assert.deepEqual(found(`"an ${account}."`, 'iban'), [`iban ${account}`]);
  }
  for (const text of ['4111.1111.1111.1111', '3782.822463.10005'])
    for (const around of ['', ' é'])
      assert.deepEqual(
        found(`no ${text}.${around}`, 'cards')?.map((each) => each.replace(/^\S+ /, '')),
        [text],
      );
  for (const none of [
    '41111111.11111111',
    '0.4111111111111111',
    '1.2.4111111111111111',
    '4111.1111 1111.1111',
    '4111\u00a01111\u202f1111\u00a01111',
    '4111\u00a0\u00a01111\u00a0\u00a01111\u00a0\u00a01111',
    'x4111.1111.1111.1111',
    '4111.1111.1111.1112',
    '4111/1111/1111/1111',
    '4111\t1111\t1111\t1111',
    '4111  1111  1111  1111',
    '4.111111111111111E15',
    '\uff14\uff11\uff11\uff11 1111 1111 1111',
    '4111\u{1f600}1111\u{1f600}1111\u{1f600}1111',
  ])
    assert.deepEqual(found(none, 'cards'), [], none);
});

test('what is printed is found wherever it stands', () => {
  for (let at = 0; at < 40; at++)
    for (const card of ['4111.1111.1111.1111', '3782\u00a0822463\u00a010005', '411111\u20111111111111'])
      for (const behind of ['', ' ', '. More '])
        assert.equal(found(`${'x'.repeat(at)} ${card}${behind}`, 'cards')?.length, 1, `${at} ${card}`);
});

test('of numbers that chance makes as many pass for cards as the guide says', () => {
  const [numbers, state] = [20_000, new Uint32Array([1])];
  const chance = (below: number): number => {
    state[0] = Math.imul(state[0] as number, 1_664_525) + 1_013_904_223;
    return Math.floor(((state[0] as number) / 2 ** 32) * below);
  };
  const number = (digits: number): string =>
    String(1 + chance(9)) + Array.from({ length: digits - 1 }, () => chance(10)).join('');
  const percent = (digits: number): number => {
    const text = Array.from({ length: numbers }, () => number(digits)).join(', ');
    return ((found(text, 'cards')?.length ?? 0) / numbers) * 100;
  };
  for (const [digits, least, most] of [
    [13, 0.5, 1.5],
    [14, 0, 1],
    [15, 0, 1],
    [16, 2.5, 3.9],
    [17, 0, 0.5],
    [18, 0, 0.5],
    [19, 1, 2],
  ] as const) {
    const told = percent(digits);
    assert.ok(told >= least && told <= most, `${told} of ${digits}`);
  }
});

test('what is looked for by one is not told to another, though they share a table', () => {
  const key = ['ghp_', 'aB3dE6gH9jaB3dE6gH9jaB3dE6gH9jaB3dE6'].join('');
  const text = `${key} a@b.example +49 30 1234567, 4111 1111 1111 1111`;
  assert.equal(found(text, ...LEAK_CLASSES)?.length, 4);
  for (const [kind, form] of Object.entries({ secrets: 'github', emails: 'email', phones: 'phone', cards: 'visa' }))
    assert.deepEqual(
      found(text, kind as LeakClass)?.map((each) => each.startsWith(form)),
      [true],
      kind,
    );
  const detector = new Detector({ classes: new Set(['secrets']), allowed: new Set(['github-personal-token']) });
  assert.deepEqual(detector.find(Buffer.from(text), 'backslash'), []);
});

const IBANS = [
  'AD1200012030200359100100',
  'AT611904300234573201',
  'BE68539007547034',
  'CH9300762011623852957',
  'DE89370400440532013000',
  'ES9121000418450200051332',
  'FR1420041010050500013M02606',
  'GB29NWBK60161331926819',
  'IE29AIBK93115212345678',
  'IT60X0542811101000000123456',
  'LC55HEMM000100010012001200023015',
  'MT84MALT011000012345MTLCAST001S',
  'NL91ABNA0417164300',
  'NO9386011117947',
  'PL61109010140000071219812874',
  'SA0380000000608010167519',
  'SE4550000000058398257466',
];

test('bank account numbers are known by country, length and check digits', () => {
  for (const number of IBANS) {
    const grouped = number.replace(/(.{4})(?=.)/g, '$1 ');
    for (const text of [number, grouped]) assert.deepEqual(found(`to ${text}.`, 'iban'), [`iban ${text}`]);
    const wrong = `${number.slice(0, 2)}${String((Number(number.slice(2, 4)) + 1) % 100).padStart(2, '0')}${number.slice(4)}`;
    for (const text of [wrong, `${number}0`, `X${number}`, number.slice(0, -1), `XX${number.slice(2)}`])
      assert.deepEqual(found(`to ${text}.`, 'iban'), [], text);
  }
});

test('addresses, telephones and social security numbers are found as they are written', () => {
  const text =
    'Ada <ada.b+c@mail.acme.example>, +49 (30) 1234-567; +1.415.555.2671! 078-05-1120 a@b x@y.z @z.example 1+12345678';
  assert.deepEqual(found(text, 'emails', 'phones', 'ssn'), [
    'email ada.b+c@mail.acme.example',
    'phone +49 (30) 1234-567',
    'phone +1.415.555.2671',
    'us-ssn 078-05-1120',
  ]);
  for (const none of [
    '000-12-3456',
    '666-12-3456',
    '900-12-3456',
    '123-00-4567',
    '123-45-0000',
    '123 45 6789',
    '1-123-45-6789',
    '123-45-67890',
  ])
    assert.deepEqual(found(none, 'ssn'), [], none);
});

test('a key is found behind escapes, marks and names, and not within longer words', () => {
  const key = ['ghp_', 'aB3dE6gH9jaB3dE6gH9jaB3dE6gH9jaB3dE6'].join('');
  for (const text of [key, `"${key}"`, `token=${key}&`, `x%3D${key}`, `\\n${key}\\n`, `a/${key}/b`, `(${key})`])
    assert.equal(found(text, 'secrets')?.length, 1, text);
  for (const text of [`a${key}`, `_${key}`, `${key}a`, key.toUpperCase()])
    assert.deepEqual(found(text, 'secrets'), [], text);
});

test('a text that wants to take long does not, whatever it repeats', () => {
  const pieces = [
    ...[
      '4',
      '4111 ',
      '1 ',
      '12-',
      ' eyJ',
      'eyJhbGci.',
      'a://b:c',
      'a://b@',
      '-----BEGIN PRIVATE KEY-----',
      '-----BEGIN ',
    ],
    ...[
      '\\u0034',
      '\\\\',
      '\\',
      'DE89 ',
      'DE89\u00a0',
      '4111\u00a0',
      '4111.',
      '\u00a0',
      '.',
      'DE89',
      'a@b.',
      'a'.repeat(64) + '@',
      '+1-1-',
      'sk ',
      'SK',
      '1234567890:AA ',
      '.1.1Q~',
    ],
    ...[
      'AccountKey=',
      'secret_access_key="',
      'PuTTY-User-Key-File-3: ',
      ' sk-',
      ' hvs.',
      '&amp;',
      '%25',
      ' ya29.',
      'sig=',
    ],
  ];
  const detector = new Detector({ classes: new Set(LEAK_CLASSES), allowed: new Set() });
  for (const piece of pieces) {
    for (const escaping of ['backslash', 'entity', 'form'] as const) {
      const took = (length: number): number => {
        const bytes = Buffer.from(piece.repeat(length / piece.length));
        const before = process.threadCpuUsage();
        detector.find(bytes, escaping);
        const { user, system } = process.threadCpuUsage(before);
        return (user + system) / 1000;
      };
      // Half a megabyte; at this pace ten take two seconds, while time by the square of the length would be minutes.
      assert.ok(took(524_288) < 400, `${escaping} ${JSON.stringify(piece.slice(0, 30))}`);
    }
  }
});

test('where there is too much to look at, nobody is told that there is nothing', () => {
  assert.equal(found('a@acme.example '.repeat(10_001), 'emails'), null);
  assert.equal(found('a@acme.example '.repeat(10_000), 'emails')?.length, 10_000);
  assert.equal(found(' eyJ'.repeat(250_002), 'tokens'), null);
});

test('the shortest run is found wherever it stands, and behind whatever other runs', () => {
  for (let at = 0; at < 40; at++) {
    for (const before of [
      `${'x'.repeat(at)},`,
      '1234567890123,'.repeat(at),
      `${'1'.repeat(at)},`,
      '1-'.repeat(at) + ',',
    ])
      assert.deepEqual(found(`${before}123-45-6789`, 'ssn'), ['us-ssn 123-45-6789'], before);
    assert.deepEqual(found(`${'x '.repeat(at)}NO9386011117947`, 'iban'), ['iban NO9386011117947']);
  }
});

test('a private key goes to the end of its last line; of one that is cut off nobody knows the end', () => {
  const detector = new Detector({ classes: new Set(['privateKeys']), allowed: new Set() });
  const lines = [
    '-----BEGIN EC PRIVATE KEY-----',
    'Proc-Type: 4,ENCRYPTED',
    '',
    'MHcCAQEE',
    '-----END EC PRIVATE KEY-----',
  ];
  const look = (text: string): unknown =>
    detector.find(Buffer.from(text), 'backslash')?.map(({ to, whole }) => [to, whole]);
  const key = lines.join('\n');
  assert.deepEqual(look(`${key}\nand more`), [[key.length, true]]);
  assert.deepEqual(look(key.slice(0, -2)), [[key.length - 2 - '-----END EC PRIVATE KEY---'.length, false]]);
  assert.deepEqual(look(key.slice(0, 60)), [[60, false]]);
  assert.deepEqual(look(`${lines[0] ?? ''}"`), [[lines[0]?.length, false]]);
});

test('marks of addresses without a point anywhere take no time that grows with their square', () => {
  const detector = new Detector({ classes: new Set(['emails']), allowed: new Set() });
  const started = performance.now();
  assert.deepEqual(detector.find(Buffer.from('a@'.repeat(1024 * 1024)), 'none'), []);
  assert.ok(performance.now() - started < 3_000);
});
