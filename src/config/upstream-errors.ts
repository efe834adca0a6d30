import { z } from 'zod';
import { didYouMean, errorIssue, type Issue, type Place } from '../base/index.ts';
import type { UpstreamErrors, UpstreamErrorsConfig } from '../policy/index.ts';
import type { ApiConfig, OperationConfig } from './config.ts';
import type { ChangeEffect, ConfigChange } from './config-change.ts';
import { placeAt } from './place-at.ts';
import { words } from './words.ts';

const WAYS = ['replace', 'pass'] as const satisfies readonly UpstreamErrors[];

const upstreamErrors = z.enum(WAYS, {
  error: ({ input }) =>
    words('must be replace or pass', typeof input === 'string' ? didYouMean(input, WAYS) : 'write replace or pass'),
});

/** The key of an API. */
export const upstreamErrorKeys = {
  upstreamErrors: upstreamErrors.prefault('replace').meta({
    description:
      '`replace` puts problem details in the place of replies with a status of 500 and more, and of errors from 400 on that show a stack trace; what was replaced can be read with `portcullis errors`. `pass` lets them out as they are.',
  }),
};

/** The key of an operation. */
export const operationErrorKeys = {
  upstreamErrors: upstreamErrors.optional().meta({ description: 'As `upstreamErrors` of the API, where it differs.' }),
};

/** A word on errors that nothing comes of: those of gRPC stand in trailers. */
export function upstreamErrorIssues(api: ApiConfig, places: Readonly<Record<string, Place>>): Issue[] {
  if (api.source.kind !== 'descriptors') return [];
  return [api, ...Object.values(api.operations)].flatMap((each) => {
    const path = `${each.path}.upstreamErrors`;
    const place = placeAt(places, path);
    // What nobody wrote has no place.
    if (place === null) return [];
    return [errorIssue(path, 'gRPC tells errors in trailers, which pass', { place, fix: 'take this key away' })];
  });
}

type Operations = readonly (readonly [name: string, operation: OperationConfig])[];

/** What the kind `upstream-errors` is told of an API; null where nothing of it is replaced. */
export function upstreamErrorsConfig(api: ApiConfig, operations: Operations): UpstreamErrorsConfig | null {
  if (api.source.kind === 'descriptors') return null;
  const own = operations.flatMap(([name, { upstreamErrors: way }]) => (way === null ? [] : [[name, way] as const]));
  if (api.upstreamErrors === 'pass' && own.every(([, way]) => way === 'pass')) return null;
  // Where replies are held against the document, errors which it describes may go on to be judged.
  const strict = operations.flatMap(([name, { validate }]) =>
    validate === null ? [] : [[name, validate === 'strict'] as const],
  );
  return {
    api: api.upstreamErrors,
    operations: Object.fromEntries(own),
    strict: { api: api.validate === 'strict', operations: Object.fromEntries(strict) },
  };
}

type Tell = (about: 'replies', effect: ChangeEffect, message: string) => ConfigChange;

/** What differs in what becomes of an upstream's errors, of an API or of an operation. */
export function upstreamErrorChanges(old: UpstreamErrors, next: UpstreamErrors, tell: Tell): readonly ConfigChange[] {
  if (old === next) return [];
  const passes = next === 'pass';
  const message = `errors of the upstream ${passes ? 'go out as they are, with all that they tell' : 'are replaced'}`;
  return [tell('replies', passes ? 'loosens' : 'tightens', message)];
}

/** What becomes of the errors of one operation, and whether it says so itself. */
export interface OwnErrors {
  readonly way: UpstreamErrors;
  readonly isOwn: boolean;
}

/** The same of an operation, where it has a word of its own: else its API is told of once. `old` is null for a new one. */
export function operationErrorChanges(old: OwnErrors | null, next: OwnErrors, tell: Tell): readonly ConfigChange[] {
  const before = old ?? { way: 'replace', isOwn: false };
  return before.isOwn || next.isOwn ? upstreamErrorChanges(before.way, next.way, tell) : [];
}
