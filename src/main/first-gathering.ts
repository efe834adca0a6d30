import { errorIssue, err, type Issue, ok, type Result, Secret } from '../base/index.ts';
import { gather, type Gathered, type GatherOptions, type ParsedConfig } from '../config/index.ts';
import type { EgressFault } from '../ports/index.ts';
import { type LastGood, type Outside, secretName } from './last-good.ts';

type Io = Omit<GatherOptions, 'revision'>;

/** A gathering, and what of the outside could not be had, in words. */
export interface FirstGathering {
  readonly gathered: Result<Gathered, readonly Issue[]>;
  readonly lacking: readonly string[];
}

/** Gathers a configuration for the first time; what is outside of this machine's files is noted where it can't be had. */
export async function gatherFirst(parsed: ParsedConfig, io: Io): Promise<FirstGathering> {
  return await gatherNoting(parsed, io, null);
}

/**
 * Gathers once more, with what was kept of a configuration of this very text in the place of what can't be had. The
 * issues of `before` stand where nothing was kept, or where it does not help; one more says so.
 */
export async function gatherFromKept(
  parsed: ParsedConfig,
  io: Io,
  { before, lastGood }: { readonly before: readonly Issue[]; readonly lastGood: Pick<LastGood, 'find'> },
): Promise<FirstGathering> {
  const kept = await lastGood.find(parsed.text);
  if (kept !== null) {
    const again = await gatherNoting(parsed, io, kept);
    if (again.gathered.ok) return again;
  }
  const why =
    kept === null
      ? 'nothing is kept from an earlier run with this very text, so the gateway can not start without what is missing'
      : 'what is kept from an earlier run does not make up for what is missing';
  return { gathered: err([...before, errorIssue('', why)]), lacking: [] };
}

async function gatherNoting(parsed: ParsedConfig, io: Io, kept: Outside | null): Promise<FirstGathering> {
  const lacking = new Set<string>();
  const gathered = await gather(parsed, { ...notingPorts(io, lacking, kept), revision: 0 });
  return { gathered, lacking: [...lacking] };
}

/**
 * What no answer came for, or none that could be read. A status other than 200 counts as none too: a host in trouble says
 * anything. What a call was refused for by us is not missing.
 */
const ABSENT: ReadonlySet<EgressFault['reason']> = new Set([
  'unresolved',
  'unreachable',
  'untrusted',
  'timeout',
  'malformed-reply',
]);

function notingPorts({ secrets, egress, ...others }: Io, lacking: Set<string>, kept: Outside | null): Io {
  return {
    ...others,
    secrets: {
      resolve: async (reference, vault) => {
        const resolved = await secrets.resolve(reference, vault);
        if (resolved.ok) return resolved;
        const name = secretName(reference);
        lacking.add(`the secret ${name}`);
        const bytes = kept?.secrets.get(name);
        return bytes === undefined ? resolved : ok(new Secret(bytes));
      },
    },
    egress: {
      call: async (request) => {
        const reply = await egress.call(request);
        if (reply.ok ? reply.value.status === 200 : !ABSENT.has(reply.error.reason)) return reply;
        lacking.add(`the document ${withoutQuery(request.url)}`);
        const body = kept?.documents.get(request.url);
        return body === undefined ? reply : ok({ status: 200, headers: new Map(), body });
      },
    },
  };
}

/** A query may hold an access key. */
function withoutQuery(url: string): string {
  return url.replace(/\?.*$/s, '');
}
