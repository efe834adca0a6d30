import { z } from 'zod';
import { err, formatIssue, ok, type Result } from '../base/index.ts';
import { type FoundTarget, TARGET_LIMIT } from '../ports/index.ts';
import { parsed } from './scalars.ts';
import { mismatchWords, toIssues } from './schema-issues.ts';
import { weightSchema } from './targets.ts';
import { parseUpstreamUrl } from './upstream-url.ts';
import { words } from './words.ts';
import { readYaml, type YamlRules } from './yaml-document.ts';

/** A list of a thousand targets, each with its weight, and nothing deep. */
const RULES: YamlRules = { forConfiguration: true, depthLimit: 8, nodeLimit: 10_000, aliasLimit: 0 };
/** More is not told of one file at once. */
const TOLD_LIMIT = 3;

const address = parsed(readAddress).meta({ title: 'HOST:PORT' });

const schema = z.strictObject({
  targets: z
    .array(
      z
        .union([address, z.strictObject({ address, weight: weightSchema })], {
          error: words(
            'expected HOST:PORT, or a target with its weight',
            'write { address: 10.0.0.1:3001, weight: 3 }',
          ),
        })
        .transform(
          (raw): FoundTarget => ('weight' in raw ? { ...raw.address, weight: raw.weight } : { ...raw, weight: 1 }),
        ),
    )
    .min(1, { error: 'at least one target is needed' })
    .max(TARGET_LIMIT, { error: `an upstream has at most ${TARGET_LIMIT} targets` }),
});

/** Reads a file with a list of targets, YAML or JSON; the error has the first few things that are wrong, with their places. */
export function readTargetFile(bytes: Uint8Array, file: string): Result<readonly FoundTarget[], string> {
  const text = Buffer.from(bytes).toString('utf8');
  const { document, issues } = readYaml(text, file, RULES);
  const checked = document === null ? null : schema.safeParse(document.value, { error: mismatchWords });
  const found = [
    ...issues,
    ...(document === null || checked === null || checked.success ? [] : toIssues(checked.error.issues, document)),
  ];
  if (checked?.success === true && found.length === 0) return ok(checked.data.targets);
  return err(found.slice(0, TOLD_LIMIT).map(formatIssue).join('; '));
}

function readAddress(text: string): Result<Pick<FoundTarget, 'host' | 'port'>, string> {
  const remedy = words('a target here is a host and its port', 'such as 10.0.0.1:3001');
  if (!/:[0-9]{1,5}$/.test(text) || text.includes('/')) return err(remedy);
  const url = parseUpstreamUrl(`http://${text}`);
  return url.ok ? ok({ host: url.value.host, port: url.value.port }) : url;
}
