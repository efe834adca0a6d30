import { clientTrusts } from './client-trust.ts';
import { listFileChange } from './diff-lists.ts';
import type { Comparable, ConfigChange } from './config-change.ts';
import { valuesFiles } from './gather-values.ts';

type Contents = Readonly<Record<string, Uint8Array>>;

/** What differs in files and secrets that are still called the same. OpenAPI documents are told by their API. */
export function contentChanges(before: Comparable, after: Comparable): readonly ConfigChange[] {
  return [
    ...changedNames(before.files, after.files).flatMap((path) => fileChanges(path, before, after)),
    ...changedNames(before.secrets, after.secrets).map((reference) =>
      change('server', 'changes', `the secret ${reference} has another value`),
    ),
  ];
}

/** What a file is for. Whoever can sign with a new key is believed, so other keys loosen. */
function fileChanges(path: string, before: Comparable, { config, files }: Comparable): readonly ConfigChange[] {
  const [was, is] = [before.files[path], files[path]];
  const list = was === undefined || is === undefined ? null : listFileChange(path, { before: was, after: is, config });
  if (list !== null) return [list];
  const keys = config.issuers
    .filter((issuer) => issuer.keys.kind === 'file' && issuer.keys.path === path)
    .map(({ name }) => change('issuers', 'loosens', `issuer ${name}: its file holds other keys`));
  const authorities = config.apis
    .filter(({ upstream }) => upstream.caFile === path)
    .map(({ name }) => ({
      ...change('upstream', 'changes', 'the file of the CA that vouches for the upstream has changed'),
      api: name,
    }));
  const shown = config.apis
    .filter(({ upstream }) => upstream.identity?.certificate === path)
    .map(({ name }) => ({ ...change('upstream', 'changes', 'the upstream is shown another certificate'), api: name }));
  const clients = clientTrusts(config).flatMap(({ caFile, crlFile, path: at }) => {
    // Whoever has a certificate of another CA comes in; what a newer list leaves out was not seen here.
    if (caFile === path) return [change('authentication', 'loosens', `${at}: other CAs vouch for clients`)];
    return crlFile === path ? [change('authentication', 'changes', `${at}: other lists say what is revoked`)] : [];
  });
  const replies = config.apis.flatMap(({ name: api, operations }) =>
    Object.entries(operations).flatMap(([operation, { respond }]) =>
      respond?.body.kind === 'file' && respond.body.path === path
        ? [{ ...change('replies', 'changes', 'the file of its fixed reply has changed'), api, operation }]
        : [],
    ),
  );
  const values = valuesFiles(config)
    .filter(({ file }) => file === path)
    .map(({ path: at }) => change('validation', 'changes', `${at}: the values of the file are others`));
  const vault =
    config.secrets.vault?.source.caFile === path ? [change('server', 'loosens', 'other CAs vouch for Vault')] : [];
  const known = [...vault, ...values, ...keys, ...replies, ...authorities, ...shown, ...clients];
  return known.length > 0 ? known : [change('server', 'changes', `the file ${path} has changed`)];
}

/** Names that both have, with other bytes. */
function changedNames(before: Contents, after: Contents): readonly string[] {
  return Object.entries(after).flatMap(([name, bytes]) => {
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    return old === undefined || Buffer.compare(old, bytes) === 0 ? [] : [name];
  });
}

function change(about: ConfigChange['about'], effect: ConfigChange['effect'], message: string): ConfigChange {
  return { api: null, operation: null, about, effect, message };
}
