import { codeOf } from '../possession-scene.ts';
import type { Became, CredentialScene, Sent, Version } from './scene.ts';

/** One thing that somebody sends who should not get through with it. */
export interface BadInput {
  /** Its number in the list. */
  readonly item: number;
  readonly what: string;
  /** The one version of HTTP that it can be sent over; null for all. */
  readonly over: Version | null;
  /** Whether it is one that must be let in, beside which a refusal of the others says something. */
  readonly good: boolean;
  /** Sends it, and says what became of it that should not have; null where it held. */
  attempt(scene: CredentialScene, version: Version): Promise<string | null>;
}

type Made = (scene: CredentialScene, version: Version) => Promise<Sent> | Sent;

interface Options {
  readonly over?: Version;
  /** Status and code of the refusal. */
  readonly code?: string;
}

/** What must be refused, and must not reach the upstream. */
export function refused(item: number, what: string, made: Made, options: Options = {}): BadInput {
  const { over = null, code = '401 invalid-token' } = options;
  return judged({ item, what, over }, made, ({ reply, arrived }) => {
    if (arrived.length > 0) return 'reached the upstream';
    return codeOf(reply) === code ? null : `${codeOf(reply)} in place of ${code}`;
  });
}

/** What must be told from the bad by its meaning: it is let in. */
export function taken(item: number, what: string, made: Made): BadInput {
  const input = judged({ item, what, over: null }, made, ({ reply, arrived }) =>
    reply.status === 200 && arrived.length === 1 ? null : `${codeOf(reply)} in place of 200`,
  );
  return { ...input, good: true };
}

/** What is judged by what became of it. */
export function judged(
  named: Pick<BadInput, 'item' | 'what' | 'over'>,
  made: Made,
  judge: (became: Became, scene: CredentialScene) => string | null,
): BadInput {
  return {
    ...named,
    good: false,
    attempt: async (scene, version) => judge(await scene.send(version, await made(scene, version)), scene),
  };
}

/** A request with a bearer token. */
export function bearing(token: string, path?: string): Sent {
  return { headers: { authorization: `Bearer ${token}` }, ...(path === undefined ? {} : { path }) };
}
