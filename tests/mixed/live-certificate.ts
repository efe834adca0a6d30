import { X509Certificate } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeAuthority, type TestAuthority } from './authority.ts';

/** A server's certificate in files, with another in its place whenever that is said. */
export class LiveCertificate {
  readonly #authority: TestAuthority;
  readonly #folder: string;
  /** Of the certificate that is there now, as Node writes it. */
  fingerprint = '';

  private constructor(authority: TestAuthority, folder: string) {
    this.#authority = authority;
    this.#folder = folder;
  }

  /** Writes the first one, of a CA that nobody else knows. */
  static async make(folder: string): Promise<LiveCertificate> {
    const made = new LiveCertificate(await makeAuthority(), folder);
    await made.rotate();
    return made;
  }

  /** PEM of the CA. */
  get ca(): string {
    return this.#authority.ca;
  }

  /** What `server.https.certificate` says. */
  get setting(): string {
    return `{ cert: ${join(this.#folder, 'live.pem')}, key: ${join(this.#folder, 'live.key')} }`;
  }

  /** Puts a new certificate in the place of the present one, whole and at once. */
  async rotate(): Promise<void> {
    const { certificate, key } = await this.#authority.issue();
    await writeFile(join(this.#folder, 'next.key'), key, { mode: 0o600 });
    await writeFile(join(this.#folder, 'next.pem'), certificate);
    await rename(join(this.#folder, 'next.key'), join(this.#folder, 'live.key'));
    await rename(join(this.#folder, 'next.pem'), join(this.#folder, 'live.pem'));
    this.fingerprint = new X509Certificate(certificate).fingerprint256;
  }
}
