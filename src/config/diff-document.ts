import type { ChangeEffect, Comparable, ConfigChange } from './config-change.ts';
import type { ApiConfig } from './config.ts';

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;

/** An API before and after, each with all that it is compared by. */
export interface Documented {
  readonly old: ApiConfig;
  readonly next: ApiConfig;
  readonly before: Comparable;
  readonly after: Comparable;
}

/** What differs in where operations come from, and in the document itself. */
export function documentChanges({ old, next, before, after }: Documented, tell: Tell): readonly ConfigChange[] {
  if (old.source.kind !== next.source.kind) {
    const effect = next.source.kind === 'openapi' ? 'tightens' : old.source.kind === 'openapi' ? 'loosens' : 'changes';
    return [tell('validation', effect, SOURCE_WORDS[next.source.kind])];
  }
  // Of gRPC nothing is validated; methods that come and go are told of one by one.
  if (next.source.kind === 'descriptors') return [];
  const document = (side: Comparable, { name }: ApiConfig): Uint8Array | null => {
    const bytes = Object.hasOwn(side.documents, name) ? side.documents[name] : undefined;
    return bytes === undefined ? null : new Uint8Array(bytes);
  };
  const [was, is] = [document(before, old), document(after, next)];
  if (was === null || is === null || Buffer.compare(was, is) === 0) return [];
  return [tell('validation', 'changes', 'its OpenAPI document has changed, and with it what is validated')];
}

const SOURCE_WORDS = {
  openapi: 'a description gives its routes',
  routes: 'its routes are written by hand, and nothing is validated',
  descriptors: 'it is spoken to in gRPC, whose messages are not validated',
} as const;
