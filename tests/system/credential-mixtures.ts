import { createHash } from 'node:crypto';

/** Lines of a request's head, names as they are written; a name may stand more than once. */
export type Lines = readonly (readonly [name: string, value: string])[];

/** Somebody who can call, with the one credential that says so. */
export interface Identity {
  /** What the upstream is told of them. */
  readonly subject: string;
  readonly secret: string;
}

/** Whom the gateway of the test knows, by the way in which they call. */
export interface Known {
  /** Tokens of two people. */
  readonly tokens: readonly Identity[];
  /** Tokens in the right form that are nobody's: another key signed, or the time is over. */
  readonly badTokens: readonly string[];
  readonly keys: readonly Identity[];
  readonly sessions: readonly Identity[];
  readonly certificate: Identity;
}

/** A way to call, as `auth` names it. */
export type Way = 'acme' | 'api-key' | 'session' | 'mtls';

/** One request of the test, with who may come of it. */
export interface Mixture {
  readonly lines: Lines;
  readonly showsCertificate: boolean;
  /** The subject that the upstream must be told; null where nothing may reach it. */
  readonly expected: string | null;
  /** Whether the spelling is one that may also be refused. */
  readonly mayBeRefused: boolean;
}

/** What one place of a head holds: nothing, one credential that stands (`who`), or something that lets nobody in. */
interface Held {
  readonly lines: Lines;
  /** How many credentials whoever counts sees here. */
  readonly count: number;
  readonly who: string | null;
  readonly mayBeRefused?: boolean;
}

/** Numbers that a seed gives, so that a failure can be seen again. */
export class Dice {
  readonly #seed: string;
  #rolled = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** From 0 to `sides` - 1. */
  roll(sides: number): number {
    const digest = createHash('sha256')
      .update(`${this.#seed} ${this.#rolled++}`)
      .digest();
    return digest.readUInt32BE(0) % sides;
  }

  one<T>(of: readonly T[]): T {
    return of[this.roll(of.length)] as T;
  }
}

const NONE: Held = { lines: [], count: 0, who: null };
const SESSION = '__Host-portcullis-session';

/** What clients say of themselves, in ways that some server takes for what the gateway says. */
const CLAIMS: readonly Lines[] = [
  [['x-portcullis-subject', 'root']],
  [['X-Portcullis-Subject', 'root']],
  [['x_portcullis_subject', 'root']],
  [['x-portcullis_roles', 'root']],
  [['X-PORTCULLIS-ROLES', 'root']],
  [['x-portcullis-tenant', 'root']],
  [['dpop', 'root']],
  [
    ['x-forwarded-client-cert', 'Subject="CN=root"'],
    ['x-forwarded-user', 'somebody'],
  ],
  [
    ['x-portcullis-subject', 'root'],
    ['x-portcullis-subject', 'root'],
  ],
];

/** What makes a proxy drop fields that it should pass on, over HTTP/1.1. */
const CONNECTIONS: readonly Lines[] = [
  [['connection', 'x-portcullis-subject, x-portcullis-roles']],
  [['Connection', 'authorization']],
  [['connection', 'x-api-key, cookie']],
  [['connection', 'close, X-Portcullis-Subject']],
];

/** Requests as somebody might send them who wants to be somebody else, over one version of HTTP. */
export class Mixtures {
  readonly #known: Known;
  readonly #dice: Dice;
  readonly #isHttp1: boolean;

  constructor(known: Known, dice: Dice, version: 'http/1.1' | 'h2') {
    this.#known = known;
    this.#dice = dice;
    this.#isHttp1 = version === 'http/1.1';
  }

  /** The next one, for an operation that takes these ways. */
  next(ways: readonly Way[]): Mixture {
    const dice = this.#dice;
    const showsCertificate = dice.roll(3) === 0;
    const authorization = dice.roll(5) < 2 ? NONE : this.#authorization(ways);
    const field = dice.roll(5) < 3 ? NONE : this.#field();
    const cookie = dice.roll(5) < 3 ? NONE : this.#cookie();
    const claims = dice.roll(3) === 0 ? dice.one(CLAIMS) : [];
    const connection = this.#isHttp1 && dice.roll(6) === 0 ? dice.one(CONNECTIONS) : [];
    const places = [authorization, field, cookie];
    const lines = this.#shuffled([...places.flatMap((held) => held.lines), ...claims, ...connection]);
    const read = [
      // Beside a certificate that alone is taken the field is the upstream's own; beside all else it names a caller.
      ...(ways.some((way) => way !== 'mtls') ? [authorization] : []),
      ...(ways.includes('api-key') ? [field] : []),
      ...(ways.includes('session') ? [cookie] : []),
    ];
    // A field that may stand once has two readings where it stands twice.
    const isRefusedAnyway =
      hasTwice(lines, 'authorization') ||
      hasTwice(lines, 'x-api-key') ||
      connection.length > 0 ||
      (this.#isHttp1 && hasTwice(lines, 'cookie'));
    // Where certificates are asked for, everybody shows one.
    const certificate = !ways.includes('mtls') ? null : showsCertificate ? this.#known.certificate.subject : 'nobody';
    return {
      ...{ lines, showsCertificate },
      expected: certificate === 'nobody' ? null : whoOf(read, certificate),
      // A head may be refused for its form, whoever sends it; and a name with an underscore is one that has two readings.
      mayBeRefused: isRefusedAnyway || claims.length > 0 || places.some((held) => held.mayBeRefused === true),
    };
  }

  #authorization(ways: readonly Way[]): Held {
    const dice = this.#dice;
    const { tokens, badTokens, keys } = this.#known;
    const token = dice.one(tokens);
    const who = ways.includes('acme') ? token.subject : null;
    const scheme = dice.one(['Bearer', 'bearer', 'BEARER', 'bEARER']);
    const name = this.#name('Authorization');
    const one = (value: string, holds: string | null, mayBeRefused = false): Held => ({
      ...{ lines: [[name, value]], count: 1, who: holds, mayBeRefused },
    });
    const good = `${scheme} ${token.secret}`;
    const key = dice.one(keys);
    return dice.one([
      one(good, who),
      one(good, who),
      one(`${scheme}  ${token.secret}`, who, true),
      one(`${scheme} ${dice.one(badTokens)}`, null),
      one(`${scheme} ${token.secret}.`, null),
      one(`${scheme} ${token.secret}, ${scheme} ${dice.one(tokens).secret}`, null),
      one(`${token.secret}`, null),
      one(`Basic ${Buffer.from(`${token.subject}:x`).toString('base64')}`, null),
      // Where no token is read, a scheme that promises a proof is refused too.
      one(`DPoP ${token.secret}`, null, true),
      one(scheme, null),
      one('', null),
      // Where keys are taken at all, this place is one of theirs.
      one(`${scheme} ${key.secret}`, ways.includes('api-key') ? key.subject : null, true),
      {
        lines: [
          [name, good],
          ['authorization', `${scheme} ${dice.one(tokens).secret}`],
        ],
        count: 2,
        who: null,
      },
      {
        lines: [
          [name, good],
          [name, good],
        ],
        count: 2,
        who: null,
      },
      {
        lines: [
          [name, ''],
          [name, good],
        ],
        count: 2,
        who: null,
      },
    ]);
  }

  #field(): Held {
    const dice = this.#dice;
    const key = dice.one(this.#known.keys);
    const other = dice.one(this.#known.keys);
    const name = this.#name('X-API-Key');
    const one = (value: string, who: string | null): Held => ({ lines: [[name, value]], count: 1, who });
    return dice.one([
      one(key.secret, key.subject),
      one(key.secret, key.subject),
      one(key.secret.toUpperCase(), null),
      one(`${key.secret}, ${other.secret}`, null),
      one(`Bearer ${key.secret}`, null),
      one(`${key.secret.slice(0, -1)}`, null),
      one('', null),
      one('nobody', null),
      {
        lines: [
          [name, key.secret],
          ['x-api-key', other.secret],
        ],
        count: 1,
        who: null,
      },
      {
        lines: [
          [name, ''],
          [name, key.secret],
        ],
        count: 1,
        who: null,
      },
    ]);
  }

  #cookie(): Held {
    const dice = this.#dice;
    const session = dice.one(this.#known.sessions);
    const name = this.#name('Cookie');
    const pair = `${SESSION}=${session.secret}`;
    const planted = `${SESSION}=${'A'.repeat(43)}`;
    const one = (value: string, count: number, who: string | null): Held => ({ lines: [[name, value]], count, who });
    return dice.one([
      one(pair, 1, session.subject),
      one(`a=1; ${pair}; b=2`, 1, session.subject),
      one('a=1; b=2', 0, null),
      one(planted, 1, null),
      one(`${pair}; ${planted}`, 2, null),
      one(`${planted}; ${pair}`, 2, null),
      one(`${pair}; ${pair}`, 2, null),
      one(`${SESSION}="${session.secret}"`, 1, null),
      one(`${SESSION}=`, 1, null),
      one(SESSION, 1, null),
      one(`${SESSION.toUpperCase()}=${session.secret}`, 0, null),
      one(`portcullis-session=${session.secret}`, 0, null),
      {
        lines: [
          [name, pair],
          [name, planted],
        ],
        count: 2,
        who: null,
      },
      {
        lines: [
          ['cookie', planted],
          [name, 'a=1'],
          [name, pair],
        ],
        count: 2,
        who: null,
      },
    ]);
  }

  /** HTTP/2 has lower case alone (RFC 9113 §8.2). */
  #name(name: string): string {
    return this.#isHttp1 ? this.#dice.one([name, name.toLowerCase(), name.toUpperCase()]) : name.toLowerCase();
  }

  #shuffled(lines: Lines): Lines {
    const kept = this.#isHttp1 ? lines : lines.map(([name, value]) => [name.toLowerCase(), value] as const);
    return kept
      .map((line) => [this.#dice.roll(1_000_000), line] as const)
      .toSorted(([a], [b]) => a - b)
      .map(([, line]) => line);
  }
}

function hasTwice(lines: Lines, field: string): boolean {
  return lines.filter(([name]) => name.toLowerCase() === field).length > 1;
}

/** Who may call: the one credential of those places that are read, or the certificate where there is none. */
function whoOf(read: readonly Held[], certificate: string | null): string | null {
  const count = read.reduce((sum, held) => sum + held.count, 0);
  if (count === 0) return certificate;
  // A certificate beside a token that is not bound to it is a second one.
  if (count > 1 || certificate !== null) return null;
  return read.find((held) => held.count === 1)?.who ?? null;
}
