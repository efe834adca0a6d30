import type { CoverageCell, CoverageRow, Place } from '../base/index.ts';
import type { ApiConfig, Gathered, OperationConfig } from '../config/index.ts';
import type { CompiledOperation } from './snapshot.ts';

/** What protects each operation, and the line of the configuration each part comes from. */
export function coverageOf(operations: readonly CompiledOperation[], gathered: Gathered): readonly CoverageRow[] {
  return operations.map((compiled) => {
    const { operation } = compiled;
    // An API stands in the configuration where it stands among those that were compiled.
    const api = gathered.config.apis[compiled.api.index] as ApiConfig;
    return {
      operation: operation.id,
      api: operation.api,
      method: operation.method,
      template: operation.template,
      cells: cellsOf(compiled, api, gathered.places),
    };
  });
}

type Places = Readonly<Record<string, Place>>;

function cellsOf(
  { operation, bodyLimitBytes }: CompiledOperation,
  api: ApiConfig,
  places: Places,
): readonly CoverageCell[] {
  const own = Object.hasOwn(api.operations, operation.name) ? api.operations[operation.name] : undefined;
  const auth = own?.auth ?? api.auth;
  const authLine = lineOf(places, `${ownerOf(own, own?.auth, api)}.auth`);
  const bodyLine = lineOf(places, `${ownerOf(own, own?.bodyLimitBytes, api)}.body`);
  return [
    {
      aspect: 'authentication',
      holds: auth === 'public' ? auth : auth.join(', '),
      open: auth === 'public',
      from: authLine,
    },
    { aspect: 'authorization', holds: 'none', open: true, from: null },
    ...policyCells(api, places),
    { aspect: 'limits', holds: `body ${sizeText(bodyLimitBytes)}`, open: false, from: bodyLine },
    { aspect: 'validation', holds: 'framing and target', open: false, from: null },
  ];
}

/** The key path of whoever says it: the operation where it has a word of its own, else the API. */
function ownerOf(own: OperationConfig | undefined, said: unknown, api: ApiConfig): string {
  return own === undefined || said === null || said === undefined ? api.path : own.path;
}

function policyCells(api: ApiConfig, places: Places): readonly CoverageCell[] {
  return api.policies.map((use) => ({
    aspect: 'policy',
    holds: use.name,
    open: false,
    from: lineOf(places, use.path),
  }));
}

function lineOf(places: Places, path: string): string | null {
  const place = Object.hasOwn(places, path) ? places[path] : undefined;
  return place === undefined ? null : `${place.file}:${place.line}`;
}

const UNITS = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const;

function sizeText(bytes: number): string {
  const unit = UNITS.find(([, size]) => bytes >= size && bytes % size === 0);
  return unit === undefined ? `${bytes}B` : `${bytes / unit[1]}${unit[0]}`;
}
