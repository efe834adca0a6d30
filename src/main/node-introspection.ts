import { secretLine } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { type ClientProof, createAskingPlaces, type IntrospectionServer, Introspector } from '../credential/index.ts';
import { type AskedIssuer, askedServer, INTROSPECTION, isAsked, NOT_TAKEN, type Told } from '../policy/index.ts';
import type { Random } from '../ports/index.ts';
import type { PartOptions } from './credential-part.ts';
import { gatheredBytes, gatheredText } from './gathered-text.ts';

/** Who asks issuers about tokens, for all gateway threads. */
export interface NodeIntrospection {
  /** Makes ready to ask the issuers of a configuration, beside those of the one in force. */
  fill(gathered: Gathered): Promise<readonly []>;
  /** From now on only the issuers of this configuration are asked. */
  retain(gathered: Gathered): void;
}

/** Calls to all of them at a time: the way out is left open for keys of issuers and for alerts. */
const AT_A_TIME = 48;

/** Octets of such a name. */
const ID_BYTES = 18;

/** Opens it; nobody is asked before a thread asks. */
export function openNodeIntrospection({ host, alerts, metrics, desks }: PartOptions): NodeIntrospection {
  const { clock, random } = host;
  const ports = {
    clock,
    egress: host.egress,
    places: createAskingPlaces(AT_A_TIME),
    alert: alerts.raise.bind(alerts),
    id: () => randomName(random),
    asked: metrics.introspected,
  };
  const servers = new Map<string, Introspector>();
  desks.serve(INTROSPECTION, async (question) => {
    const asked = readQuestion(question);
    const server = asked === null ? undefined : servers.get(asked.server);
    if (asked === null || server === undefined) return null;
    const reply = await server.ask(asked.token, asked.source);
    if (reply.kind === 'answered') return reply.body;
    return reply.kind === 'not-taken' ? NOT_TAKEN : null;
  });
  return {
    fill: (gathered) => {
      for (const issuer of gathered.config.issuers.filter(isAsked)) {
        const id = askedServer(issuer);
        // What stands for a secret may be another one now: the pause of a server that fails is all that is lost.
        servers.set(id, new Introspector(serverOf(issuer, gathered), ports));
      }
      return Promise.resolve([]);
    },
    retain: ({ config }) => {
      const wanted = new Set(config.issuers.filter(isAsked).map(askedServer));
      for (const id of servers.keys()) if (!wanted.has(id)) servers.delete(id);
    },
  };
}

/** A text that nobody has had before. */
export function randomName(random: Random): string {
  const bytes = new Uint8Array(ID_BYTES);
  random.fill(bytes);
  return Buffer.from(bytes).toString('base64url');
}

interface Question {
  readonly server: string;
  readonly token: string;
  /** The network it comes from. */
  readonly source: string;
}

function readQuestion(question: Told): Question | null {
  if (typeof question !== 'object' || question === null) return null;
  const { server, token, source } = question as { readonly [name: string]: Told };
  const isWhole = typeof server === 'string' && typeof token === 'string' && typeof source === 'string';
  return isWhole ? { server, token, source } : null;
}

/** A server as a configuration describes it, with the secrets and files that it names. */
export function serverOf(issuer: AskedIssuer, gathered: Gathered): IntrospectionServer {
  const { name, introspection } = issuer;
  const { url, clientId, signed, timeoutMs, caFile } = introspection;
  return {
    ...{ name, issuer: issuer.issuer, url, clientId, signed, timeoutMs },
    proof: proofOf(issuer, gathered),
    ca: caFile === null ? null : gatheredText(gathered.files, caFile),
  };
}

function proofOf({ introspection: { client } }: AskedIssuer, { files, secrets }: Gathered): ClientProof {
  switch (client.kind) {
    case 'secret':
      return { kind: 'secret', secret: secretLine(gatheredBytes(secrets, client.secret)), place: client.place };
    case 'key':
      return { kind: 'key', key: gatheredText(secrets, client.key), kid: client.kid };
    case 'certificate':
      return {
        kind: 'certificate',
        certificate: gatheredText(files, client.certificate),
        key: gatheredText(secrets, client.key),
      };
    default:
      return client satisfies never;
  }
}
