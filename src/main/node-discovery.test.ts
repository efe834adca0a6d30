import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kubernetesApi } from './node-discovery.ts';

const at = (host?: string, port?: string): string | null =>
  kubernetesApi({
    ...(host === undefined ? {} : { KUBERNETES_SERVICE_HOST: host }),
    ...(port === undefined ? {} : { KUBERNETES_SERVICE_PORT: port }),
  });

test('the API of the cluster is where its variables say, over https', () => {
  assert.equal(at('10.96.0.1', '6443'), 'https://10.96.0.1:6443');
  assert.equal(at('10.96.0.1'), 'https://10.96.0.1:443');
  assert.equal(at('fd00:10:96::1', '443'), 'https://[fd00:10:96::1]:443');
  assert.equal(at('kubernetes.default.svc', '443'), 'https://kubernetes.default.svc:443');
});

test('outside of a cluster, and where the variables say nothing that can be asked, there is no API', () => {
  for (const port of [undefined, '', '443']) assert.equal(at(undefined, port), null);
  assert.equal(at('', '443'), null);
  for (const port of ['', 'tcp://10.96.0.1:443', '443/path', '-1', '65536', '99999', '123456', '4 3'])
    assert.equal(at('10.96.0.1', port), null, port);
  for (const host of ['10.96.0 .1', 'fd00::g', ':', '[fd00::1]']) assert.equal(at(host, '443'), null, host);
});
