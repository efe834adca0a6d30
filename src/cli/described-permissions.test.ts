import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describedPermissions } from './described-permissions.ts';

const needing = (method: string, ...scopes: readonly string[]) => ({ method, security: [[{ scheme: 'a', scopes }]] });

test('scopes that reading asks for are apart from those that only other methods ask for', () => {
  const operations = [
    needing('POST', 'write', 'read'),
    needing('GET', 'read', 'list'),
    needing('HEAD', 'head'),
    needing('DELETE', 'delete', 'write'),
  ];
  assert.deepEqual(describedPermissions(operations), { read: ['head', 'list', 'read'], write: ['delete', 'write'] });
});

test('all alternatives count, and operations that say nothing count for nothing', () => {
  const operations = [
    {
      method: 'GET',
      security: [
        [
          { scheme: 'a', scopes: ['x'] },
          { scheme: 'b', scopes: ['y'] },
        ],
        [],
      ],
    },
    { method: 'GET', security: null },
    { method: 'PUT', security: [] },
  ];
  assert.deepEqual(describedPermissions(operations), { read: ['x', 'y'], write: [] });
});
