import type { CoverageCell, CoverageRow, Place } from '../base/index.ts';
import type { ApiConfig, Gathered } from '../config/index.ts';
import type { CompiledOperation } from './snapshot.ts';

/** What protects each operation, and the line of the configuration each part comes from. */
export function coverageOf(operations: readonly CompiledOperation[], gathered: Gathered): readonly CoverageRow[] {
  const apis = new Map(gathered.config.apis.map((api) => [api.name, api]));
  return operations.map(({ operation, bodyLimitBytes }) => {
    const api = apis.get(operation.api) as ApiConfig;
    const own = `${api.path}.operations.${operation.name}`;
    const line = (key: string): string | null => lineOf(gathered.places[`${own}.${key}`] ?? gathered.places[`${api.path}.${key}`]);
    return {
      operation: operation.id,
      api: operation.api,
      method: operation.method,
      template: operation.template,
      cells: [
        { aspect: 'authentication', holds: 'public', open: true, from: line('auth') },
        { aspect: 'authorization', holds: 'none', open: true, from: null },
        ...policyCells(api, line),
        { aspect: 'limits', holds: `body ${sizeText(bodyLimitBytes)}`, open: false, from: line('body') },
        { aspect: 'validation', holds: 'framing and target', open: false, from: null },
      ],
    };
  });
}

function policyCells(api: ApiConfig, line: (key: string) => string | null): readonly CoverageCell[] {
  return api.policies.map((use) => ({ aspect: 'policy', holds: use.name, open: false, from: line(`policies.${use.kind}`) }));
}

function lineOf(place: Place | undefined): string | null {
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
