import { err, secretLine } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { type ClientProof, type IntrospectionServer, Introspector } from '../credential/index.ts';
import { type AskedIssuer, askedServer, INTROSPECTION, isAsked, type Told } from '../policy/index.ts';
import type { Egress } from '../ports/index.ts';
import type { PartOptions } from './credential-part.ts';

/** Who asks issuers about tokens, for all gateway threads. */
export interface NodeIntrospection {
  /** Makes ready to ask the issuers of a configuration, beside those of the one in force. */
  fill(gathered: Gathered): Promise<readonly []>;
  /** From now on only the issuers of this configuration are asked. */
  retain(gathered: Gathered): void;
}

/** Calls to all of them at a time: the way out is left open for keys of issuers and for alerts. */
const AT_A_TIME = 48;

/** Octets of the name of one assertion. */
const ID_BYTES = 18;

/** Opens it; nobody is asked before a thread asks. */
export function openNodeIntrospection({ host, alerts, metrics, desks }: PartOptions): NodeIntrospection {
  const { clock, random } = host;
  const ports = {
    clock,
    egress: bounded(host.egress),
    alert: alerts.raise.bind(alerts),
    id: () => {
      const bytes = new Uint8Array(ID_BYTES);
      random.fill(bytes);
      return Buffer.from(bytes).toString('base64url');
    },
    asked: metrics.introspected,
  };
  const servers = new Map<string, Introspector>();
  desks.serve(INTROSPECTION, async (question) => {
    const asked = readQuestion(question);
    const server = asked === null ? undefined : servers.get(asked.server);
    if (asked === null || server === undefined) return null;
    const reply = await server.ask(asked.token);
    return reply.kind === 'answered' ? reply.body : null;
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

function readQuestion(question: Told): { readonly server: string; readonly token: string } | null {
  if (typeof question !== 'object' || question === null) return null;
  const { server, token } = question as { readonly [name: string]: Told };
  return typeof server === 'string' && typeof token === 'string' ? { server, token } : null;
}

function serverOf(issuer: AskedIssuer, gathered: Gathered): IntrospectionServer {
  const { name, introspection } = issuer;
  const { url, clientId, signed, timeoutMs, caFile } = introspection;
  return {
    ...{ name, issuer: issuer.issuer, url, clientId, signed, timeoutMs },
    proof: proofOf(issuer, gathered),
    ca: caFile === null ? null : textOf(gathered.files, caFile),
  };
}

function proofOf({ introspection: { client } }: AskedIssuer, { files, secrets }: Gathered): ClientProof {
  switch (client.kind) {
    case 'secret':
      return { kind: 'secret', secret: secretLine(bytesOf(secrets, client.secret)), place: client.place };
    case 'key':
      return { kind: 'key', key: textOf(secrets, client.key), kid: client.kid };
    case 'certificate':
      return {
        kind: 'certificate',
        certificate: textOf(files, client.certificate),
        key: textOf(secrets, client.key),
      };
    default:
      return client satisfies never;
  }
}

type Table = Readonly<Record<string, Uint8Array>>;

/** Whatever a configuration names has been gathered, or there is none. */
function bytesOf(table: Table, name: string): Uint8Array {
  const bytes = Object.hasOwn(table, name) ? table[name] : undefined;
  if (bytes === undefined) throw new Error('something of an issuer was not gathered');
  return bytes;
}

function textOf(table: Table, name: string): string {
  return Buffer.from(bytesOf(table, name)).toString('latin1');
}

function bounded(egress: Egress): Egress {
  let running = 0;
  return {
    async call(request) {
      if (running >= AT_A_TIME) return err({ reason: 'unreachable', detail: 'too many are asked at once' });
      running++;
      try {
        return await egress.call(request);
      } finally {
        running--;
      }
    },
  };
}
