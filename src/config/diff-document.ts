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
    const effect = old.source.kind === 'routes' ? 'tightens' : next.source.kind === 'routes' ? 'loosens' : 'changes';
    return [tell('validation', effect, SOURCE_WORDS[next.source.kind])];
  }
  const document = (side: Comparable, { name }: ApiConfig): Uint8Array | null => {
    const bytes = Object.hasOwn(side.documents, name) ? side.documents[name] : undefined;
    return bytes === undefined ? null : new Uint8Array(bytes);
  };
  const [was, is] = [document(before, old), document(after, next)];
  if (was === null || is === null || Buffer.compare(was, is) === 0) return [];
  const what = next.source.kind === 'descriptors' ? 'descriptors have' : 'OpenAPI document has';
  return [tell('validation', 'changes', `its ${what} changed, and with it what is validated`)];
}

const SOURCE_WORDS = {
  openapi: 'a description gives its routes',
  routes: 'its routes are written by hand, and nothing is validated',
  descriptors: 'it is spoken to in gRPC, by its descriptors',
} as const;
