import { createHash, X509Certificate } from 'node:crypto';
import type { TestContext } from 'node:test';
import { connect } from 'node:tls';
import { type BrowserContext, chromium } from 'playwright-core';
import { findProgram } from '../bench/child.ts';
import { skipOrFail } from '../system/skip.ts';

/**
 * Starts Debian's Chromium, which takes the certificate that answers on this port of localhost and no other unknown one.
 * Null where it is not installed: then the test has been skipped. `more`: arguments besides.
 */
export async function openBrowser(
  t: TestContext,
  port: number,
  more: readonly string[] = [],
): Promise<BrowserContext | null> {
  const executablePath = findProgram('chromium');
  if (executablePath === null) {
    skipOrFail(t, 'chromium is not installed (Debian package chromium)');
    return null;
  }
  const known = await keyHashOf(port);
  const browser = await chromium.launch({
    executablePath,
    // As root it has no sandbox; the pages are the test's own.
    args: ['--no-sandbox', '--disable-dev-shm-usage', `--ignore-certificate-errors-spki-list=${known}`, ...more],
  });
  t.after(() => browser.close());
  return browser.newContext();
}

/** The hash of the public key that answers here, as Chromium names it. */
function keyHashOf(port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false });
  socket.on('error', reject);
  socket.on('secureConnect', () => {
    const { publicKey } = new X509Certificate(socket.getPeerCertificate().raw);
    socket.destroy();
    resolve(
      createHash('sha256')
        .update(publicKey.export({ type: 'spki', format: 'der' }))
        .digest('base64'),
    );
  });
  return promise;
}
