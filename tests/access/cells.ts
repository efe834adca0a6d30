import type { Caller, Rights, RightsRow } from './rights.ts';

/** One question to the gateway, and what must become of it. */
export interface Cell {
  readonly name: string;
  readonly row: RightsRow;
  readonly caller: string;
  /** Whose object it is about. */
  readonly column: string;
  readonly method: string;
  readonly target: string;
  /** Null for none. */
  readonly body: Readonly<Record<string, unknown>> | null;
  readonly status: number;
  /** The leaves of what comes back, lists gone through; null where that is not looked at. */
  readonly sees: readonly string[] | null;
  /** Whose objects come back: `own`, `foreign`, `other`; null where it is no list. */
  readonly lists: readonly string[] | null;
  /** The field that is set, where that is what is asked. */
  readonly sets: string | null;
  /** Of which tenant and subject the object is that is asked for. */
  readonly object: { readonly tenant: string; readonly id: string };
}

/** Somebody else in each tenant. */
const NEIGHBOURS: Readonly<Record<string, string>> = { north: 'hal', south: 'ida' };

/** A value of each field that can be sent. */
const VALUES: Readonly<Record<string, unknown>> = {
  id: 'mine-1',
  tenantId: 'south',
  ownerId: 'hal',
  status: 'paid',
  totalCents: 7,
  marginCents: 8,
  note: 'a note',
  'customer.name': 'A name',
  'customer.email': 'a@example.com',
  'customer.ssn': '219-09-9999',
  'lines.sku': 'milk',
  'lines.quantity': 3,
  'lines.costCents': 9,
};

/** All that the table says: each status, and for whoever may write, each field. */
export function cellsOf(rights: Rights): readonly Cell[] {
  return rights.rows.flatMap((row) =>
    Object.keys(rights.callers).flatMap((caller) => [
      ...statusCells(rights, row, caller),
      ...fieldCells(rights, row, caller),
    ]),
  );
}

function statusCells(rights: Rights, row: RightsRow, caller: string): readonly Cell[] {
  return (rights.columns[row.columns] ?? []).map((column, at) => {
    const status = row.status[caller]?.[at];
    if (status === undefined)
      throw new Error(`rights.yaml does not say what ${caller} gets of ${row.operation} ${column}`);
    const passes = status < 400;
    return {
      ...askedFor(rights, row, { caller, column }),
      ...{ status, sets: null },
      sees: passes ? seenBy(rights, row, caller) : null,
      lists: passes ? (row.lists?.[caller] ?? null) : null,
    };
  });
}

/** Each field by itself, of an object that the caller may write. */
function fieldCells(rights: Rights, row: RightsRow, caller: string): readonly Cell[] {
  const may = row.sets?.[caller];
  const [column = ''] = rights.columns[row.columns] ?? [];
  const passing = row.status[caller]?.[0];
  if (may === undefined || passing === undefined) return [];
  return Object.entries(VALUES).map(([field, value]) => {
    const asked = askedFor(rights, row, { caller, column });
    const name = `${asked.name}, setting ${field}`;
    const status = may.includes(field) ? passing : 403;
    return {
      ...asked,
      name,
      body: withField(row.with ?? {}, field, value),
      status,
      sets: field,
      sees: null,
      lists: null,
    };
  });
}

function askedFor(
  { callers }: Rights,
  row: RightsRow,
  { caller, column }: { readonly caller: string; readonly column: string },
): Pick<Cell, 'name' | 'row' | 'caller' | 'column' | 'method' | 'target' | 'body' | 'object'> {
  const object = objectOf(callers[caller] ?? null, column);
  const [method = '', target = ''] = row.do.split(' ');
  const told = (text: string): string => text.replace('{tenant}', object.tenant).replace('{id}', object.id);
  const body = row.with === undefined ? null : (JSON.parse(told(JSON.stringify(row.with))) as Cell['body']);
  const what = [row.operation, ...(row.note === undefined ? [] : [row.note])].join(' ');
  const name = `${what}: ${caller}, ${column}`;
  return { name, row, caller, column, method, target: told(target), body, object };
}

/** Nobody and whoever has no tenant stand in the north, as far as paths go. */
function objectOf(caller: Caller, column: string): Cell['object'] {
  const { subject = 'ada', tenant = 'north' } = caller ?? {};
  const beyond = tenant === 'north' ? 'south' : 'north';
  switch (column) {
    case 'foreign':
      return { tenant, id: `${NEIGHBOURS[tenant]}-1` };
    case 'other':
      return { tenant: beyond, id: `${NEIGHBOURS[beyond]}-1` };
    case 'missing':
      return { tenant, id: 'nobody-1' };
    case 'smuggled':
      return { tenant, id: `${NEIGHBOURS[beyond]}-1` };
    default:
      return { tenant, id: `${subject}-1` };
  }
}

function seenBy({ fields }: Rights, { sees }: RightsRow, caller: string): readonly string[] | null {
  const said = sees?.[caller];
  if (said === undefined) return null;
  const names = typeof said === 'string' ? (fields[said] ?? []) : said;
  const below = sees?.['below'];
  return typeof below === 'string' ? names.map((name) => `${below}.${name}`) : names;
}

function withField(base: object, field: string, value: unknown): Readonly<Record<string, unknown>> {
  const [first = '', second] = field.split('.');
  if (second === undefined) return { ...base, [first]: value };
  return { ...base, [first]: first === 'lines' ? [{ [second]: value }] : { [second]: value } };
}

/** What somebody sees of a value that they should not, or does not that they should; null for neither. */
export function seenComplaint({ sees, lists }: Cell, value: unknown): string | null {
  if (sees === null || lists?.length === 0) return null;
  const seen = leavesOf(value);
  const wanted = new Set(sees);
  const more = [...seen.difference(wanted)];
  const less = [...wanted.difference(seen)];
  return more.length + less.length === 0 ? null : `sees ${more.join(', ')} too, and not ${less.join(', ')}`;
}

/** The leaves of a value, by the names that lead to them; lists are gone through. */
function leavesOf(value: unknown, above = ''): ReadonlySet<string> {
  if (Array.isArray(value)) return new Set(value.flatMap((each) => [...leavesOf(each, above)]));
  if (typeof value !== 'object' || value === null) return new Set([above]);
  const below = Object.entries(value).flatMap(([name, member]) => [
    ...leavesOf(member, above === '' ? name : `${above}.${name}`),
  ]);
  return new Set(below);
}
