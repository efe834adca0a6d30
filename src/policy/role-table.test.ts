import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRoleTable, type RoleGrants } from './role-table.ts';

const role = (name: string, can: readonly string[], includes: readonly string[] = []): RoleGrants => ({
  name,
  can,
  includes,
});

/** The names of what the roles permit together, out of `all`. */
function permitted(table: ReturnType<typeof createRoleTable>, roles: readonly string[], all: readonly string[]) {
  const set = table.permissionsOf(roles);
  return all.filter((name) => {
    const number = table.permission(name);
    return number !== null && set.has(number);
  });
}

const ALL = ['orders:read', 'orders:create', 'orders:refund', 'orders:delete'];

test('a role permits what it grants and what the roles it includes grant, through any number of them', () => {
  const table = createRoleTable(
    [
      role('head', [], ['support']),
      role('support', ['orders:refund'], ['customer']),
      role('customer', ['orders:read', 'orders:create']),
    ],
    [],
  );
  assert.deepEqual(permitted(table, ['customer'], ALL), ['orders:read', 'orders:create']);
  assert.deepEqual(permitted(table, ['support'], ALL), ['orders:read', 'orders:create', 'orders:refund']);
  assert.deepEqual(permitted(table, ['head'], ALL), ['orders:read', 'orders:create', 'orders:refund']);
  assert.deepEqual(permitted(table, [], ALL), []);
});

test('a role that is denied permits nothing by any role that includes it, nor does what only it includes', () => {
  const table = createRoleTable(
    [
      role('head', ['orders:delete'], ['support']),
      role('support', ['orders:refund'], ['customer']),
      role('customer', ['orders:read']),
      role('guest', ['orders:read']),
    ],
    [],
  );
  const left = (roles: readonly string[], denied: readonly string[]) => {
    const set = table.permissionsOf(roles, denied);
    return ALL.filter((name) => set.has(table.permission(name) ?? -1));
  };
  assert.deepEqual(left(['head'], ['support']), ['orders:delete']);
  assert.deepEqual(left(['head', 'customer'], ['support']), ['orders:read', 'orders:delete']);
  assert.deepEqual(left(['support', 'guest'], ['customer']), ['orders:read', 'orders:refund']);
  assert.deepEqual(left(['head'], ['head', 'nobody']), []);
  assert.deepEqual(left(['head'], ['nobody']), ['orders:read', 'orders:refund', 'orders:delete']);
});

test('what operations need has a number although no role grants it, and everything else has none', () => {
  const table = createRoleTable([role('customer', ['orders:read'])], ['orders:delete', 'orders:read']);
  assert.equal(table.permissionCount, 2);
  assert.notEqual(table.permission('orders:delete'), null);
  assert.equal(table.permission('orders:refund'), null);
  assert.deepEqual(permitted(table, ['customer'], ALL), ['orders:read']);
  const named = table.named(['orders:delete', 'orders:refund', 'toString']);
  assert.ok(named.has(table.permission('orders:delete') ?? -1));
  assert.ok(!named.has(table.permission('orders:read') ?? -1));
});

test('roles that include each other or themselves end, and grant what all of the circle grant', () => {
  const table = createRoleTable(
    [role('a', ['orders:read'], ['b']), role('b', ['orders:create'], ['a', 'b']), role('c', ['orders:refund'], ['c'])],
    [],
  );
  assert.deepEqual(permitted(table, ['a'], ALL), ['orders:read', 'orders:create']);
  assert.deepEqual(permitted(table, ['b'], ALL), ['orders:read', 'orders:create']);
  assert.deepEqual(permitted(table, ['c'], ALL), ['orders:refund']);
});

test('names of Object.prototype are names like any other, and unknown ones permit nothing', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', ''];
  const table = createRoleTable([role('__proto__', ['constructor'])], ['orders:read']);
  assert.deepEqual(permitted(table, ['__proto__'], names), ['constructor']);
  for (const name of ['constructor', 'toString', 'hasOwnProperty', '', 'orders:read']) {
    assert.deepEqual(permitted(table, [name], [...names, ...ALL]), [], name);
    if (name !== 'constructor' && name !== 'orders:read') assert.equal(table.permission(name), null);
  }
  const stranger = createRoleTable([role('a', ['orders:read'], ['__proto__', 'nobody'])], []);
  assert.deepEqual(permitted(stranger, ['a', '__proto__', 'nobody'], ALL), ['orders:read']);
});

test('a chain of a thousand roles is followed to its end', () => {
  const roles = Array.from({ length: 1000 }, (_, n) => role(`r${n}`, n === 999 ? ['orders:read'] : [], [`r${n + 1}`]));
  assert.deepEqual(permitted(createRoleTable(roles, []), ['r0'], ALL), ['orders:read']);
});

test('whatever the roles, the table says what a plain walk over them says', () => {
  const names = ['a', 'b', 'c', '__proto__', 'valueOf'];
  const name = fc.constantFrom(...names);
  const grants = fc.record({ can: fc.subarray(ALL), includes: fc.array(name, { maxLength: 3 }) });
  fc.assert(
    fc.property(fc.dictionary(name, grants), fc.subarray(names), fc.subarray(ALL), (given, held, needed) => {
      const roles = Object.entries(given).map(([key, { can, includes }]) => role(key, can, includes));
      const table = createRoleTable(roles, needed);
      let reached = new Set(held);
      for (let n = 0; n < names.length; n++) {
        reached = new Set([...reached, ...roles.filter((each) => reached.has(each.name)).flatMap((r) => r.includes)]);
      }
      const expected = new Set(roles.filter((each) => reached.has(each.name)).flatMap(({ can }) => can));
      assert.deepEqual(new Set(permitted(table, held, ALL)), expected);
    }),
  );
});

test('callers of whom the same was said share a set, and others do not', () => {
  const table = createRoleTable([role('a', ['orders:read']), role('b', ['orders:create'])], ['orders:refund']);
  assert.equal(table.permissionsOf(['a', 'b']), table.permissionsOf(['a', 'nobody', 'b']));
  assert.equal(table.named(['orders:refund', 'x']), table.named(['orders:refund']));
  assert.equal(table.permissionsOf([]), table.permissionsOf(['nobody']));
  const [read, create] = [table.permission('orders:read') ?? -1, table.permission('orders:create') ?? -1];
  assert.deepEqual([table.permissionsOf(['a']).has(read), table.permissionsOf(['a']).has(create)], [true, false]);
  assert.deepEqual([table.named(['orders:create']).has(read), table.named([]).has(read)], [false, false]);
});

test('beyond as many sets as are kept, and more names than anybody has, every set is right', () => {
  const names = Array.from({ length: 64 }, (_, n) => `p${n}`);
  const table = createRoleTable([], names);
  for (let one = 0; one < 64; one++) {
    for (let other = 0; other < 64; other++) {
      const set = table.named([`p${one}`, `p${other}`]);
      assert.deepEqual(
        names.filter((_, number) => set.has(number)),
        names.filter((_, number) => number === one || number === other),
      );
    }
  }
  const long = table.named(Array.from({ length: 500 }, (_, n) => `p${n % 2}`));
  assert.deepEqual([long.has(0), long.has(1), long.has(2)], [true, true, false]);
});

test('a denied role is not reached, also through one that includes it, nor what only it includes', () => {
  const table = createRoleTable(
    [
      { name: 'lead', can: [], includes: ['support', 'reader'] },
      { name: 'support', can: [], includes: ['reader', 'caller'] },
      { name: 'reader', can: [], includes: [] },
      { name: 'caller', can: [], includes: [] },
    ],
    [],
  );
  assert.deepEqual([...table.rolesOf(['lead'])].toSorted(), ['caller', 'lead', 'reader', 'support']);
  assert.deepEqual([...table.rolesOf(['lead'], ['support'])].toSorted(), ['lead', 'reader']);
  assert.deepEqual([...table.rolesOf(['lead'], ['lead'])], []);
  assert.equal(table.rolesOf(['lead'], ['support']), table.rolesOf(['lead'], ['support']));
});
