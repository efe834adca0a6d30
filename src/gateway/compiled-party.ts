import { secretLine } from '../base/index.ts';
import { type ApiConfig, authorityOf, type PartyConfig, type PartySecret } from '../config/compiled.ts';
import { type Compilation, complain, member } from './compilation.ts';
import type { PartyRoutes } from './party-routes.ts';
import { SoughtSecret } from './sought-secret.ts';

/** A secret with its words around it, ready to be written. */
export interface WrittenSecret extends Pick<PartySecret, 'place' | 'name'> {
  readonly text: string;
  /** What must not come back: as it is, and as it stands in JSON and in URLs. */
  readonly forms: readonly SoughtSecret[];
}

/** A third party, as requests to it need it. */
export interface CompiledParty extends Omit<PartyConfig, 'secrets' | 'hosts' | 'from' | 'allow'> {
  readonly secrets: readonly WrittenSecret[];
  /** Where redirects may lead besides, by what Host says of them. */
  readonly hosts: ReadonlyMap<string, PartyConfig['hosts'][number]>;
  readonly routes: PartyRoutes;
  /** Whether its failures go out as they are: then their types are held to `types` too. */
  readonly passesFailures: boolean;
  /** Whether it is called without a key, by whatever runs on this machine. */
  readonly isKeyless: boolean;
}

/** What is compiled of a third party; null for an API of ours. */
export function compileParty({ party, upstreamErrors }: ApiConfig, compilation: Compilation): CompiledParty | null {
  if (party === null) return null;
  const { replyLimitBytes, totalMs, types, redirects, resolver } = party;
  return {
    ...{ replyLimitBytes, totalMs, types, redirects, resolver },
    secrets: party.secrets.flatMap((secret) => writtenSecret(secret, compilation) ?? []),
    hosts: new Map(party.hosts.map((each) => [authorityOf('https', each), each])),
    routes: compilation.partyRoutes,
    passesFailures: upstreamErrors === 'pass',
    isKeyless: compilation.configured.config.egress?.callers === 'any',
  };
}

/** Without it requests would go out as those of nobody. */
function writtenSecret(secret: PartySecret, compilation: Compilation): WrittenSecret | null {
  const { place, name, before, reference, after, path } = secret;
  const found = member(compilation.configured.secrets, reference);
  if (found === undefined) {
    complain(compilation, path, 'this secret has not been read');
    return null;
  }
  const text = secretLine(found);
  const forms = new Set([text, JSON.stringify(text).slice(1, -1), text.replaceAll('/', '\\/'), ...urlForms(text)]);
  const sought = [...forms].map((form) => new SoughtSecret(Buffer.from(form, 'latin1')));
  return { place, name, text: before + text + after, forms: sought };
}

/** Escapes are written in capitals or not, and some write those of forms, which are more. */
function urlForms(text: string): readonly string[] {
  const usual = encodeURIComponent(text);
  const form = new URLSearchParams([['', text]]).toString().slice(1);
  return [usual, form].flatMap((each) => [each, each.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())]);
}
