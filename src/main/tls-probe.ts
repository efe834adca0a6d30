import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { err, ok, type Result } from '../base/index.ts';
import type { TlsFindings, TlsTarget } from '../cli/index.ts';

/** One handshake, or the head of one reply. */
const TIMEOUT_MS = 3_000;
/** Of a reply's head, at most. */
const HEAD_LIMIT_BYTES = 16_384;
/** Suites of TLS 1.2 and older by what they lack; level 0 lets this side offer what it would refuse otherwise. */
const WITHOUT_AEAD = 'ALL:!AESGCM:!CHACHA20:!AESCCM:!ARIAGCM:!CAMELLIAGCM:@SECLEVEL=0';
const WITHOUT_FORWARD_SECRECY = 'kRSA:@SECLEVEL=0';
const ANY_SUITE = 'ALL:@SECLEVEL=0';
const GROUPS = 'X25519MLKEM768:X25519:P-256:P-384';

/**
 * Looks at a TLS server as a stranger would: which protocols and suites it takes, what it proves itself by, and what it
 * says of HTTPS to come. Nothing that is found is trusted. The error says why no handshake comes about at all.
 */
export async function probeTls(target: TlsTarget): Promise<Result<TlsFindings, string>> {
  const opened = await handshake(target, { ecdhCurve: GROUPS });
  if (!opened.ok) return opened;
  const socket = opened.value;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    socket.destroy();
    return err('it shows no certificate');
  }
  const group = groupOf(socket);
  const distrust = socket.authorized ? null : faultText(socket.authorizationError);
  const strictTransportS = strictTransportIn(await headOf(socket, target));
  const takes = async (options: ConnectionOptions): Promise<boolean> => accepted(await handshake(target, options));
  return ok({
    takes: {
      'TLS 1.0': await takes({ minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: ANY_SUITE }),
      'TLS 1.1': await takes({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: ANY_SUITE }),
      'TLS 1.2': await takes({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }),
      'TLS 1.3': await takes({ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' }),
      'no AEAD': await takes({ minVersion: 'TLSv1', maxVersion: 'TLSv1.2', ciphers: WITHOUT_AEAD }),
      'no forward secrecy': await takes({
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.2',
        ciphers: WITHOUT_FORWARD_SECRECY,
      }),
    },
    group,
    certificate: describe(certificate, distrust, target),
    strictTransportS,
  });
}

/** A finished handshake; the certificate is looked at later, so none ends it. */
function handshake(target: TlsTarget, options: ConnectionOptions): Promise<Result<TLSSocket, string>> {
  return new Promise((resolve) => {
    const named = target.serverName === null || isIP(target.serverName) !== 0 ? {} : { servername: target.serverName };
    const socket = connect({
      host: target.address,
      port: target.port,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ALPNProtocols: ['http/1.1'],
      ...named,
      ...options,
    });
    const settle = (result: Result<TLSSocket, string>): void => {
      clearTimeout(timer);
      if (!result.ok) socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => settle(err(`no handshake within ${TIMEOUT_MS / 1_000} s`)), TIMEOUT_MS);
    socket.once('secureConnect', () => settle(ok(socket)));
    socket.on('error', (fault: NodeJS.ErrnoException) => settle(err(faultText(fault))));
    socket.once('close', () => settle(err('the connection was closed')));
  });
}

function accepted(opened: Result<TLSSocket, string>): boolean {
  if (opened.ok) opened.value.destroy();
  return opened.ok;
}

/** The head of the reply to a GET of `/`, or what came of it; the connection is closed behind it. */
function headOf(socket: TLSSocket, { serverName }: TlsTarget): Promise<string> {
  return new Promise((resolve) => {
    let head = '';
    const settle = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(head.split('\r\n\r\n', 1)[0] ?? '');
    };
    const timer = setTimeout(settle, TIMEOUT_MS);
    socket.on('data', (bytes: Buffer) => {
      head += bytes.toString('latin1');
      if (head.includes('\r\n\r\n') || head.length > HEAD_LIMIT_BYTES) settle();
    });
    socket.once('close', settle);
    socket.write(`GET / HTTP/1.1\r\nhost: ${serverName ?? 'localhost'}\r\nconnection: close\r\n\r\n`);
  });
}

/** `max-age` of Strict-Transport-Security in a reply's head, in seconds; null without one (RFC 6797 §6.1). */
function strictTransportIn(head: string): number | null {
  const value = /^strict-transport-security:(.*)$/im.exec(head)?.[1] ?? '';
  const seconds = /(?:^|;)\s*max-age\s*=\s*"?(\d{1,15})"?\s*(?:;|$)/i.exec(value.trim())?.[1];
  return seconds === undefined ? null : Number(seconds);
}

function groupOf(socket: TLSSocket): string | null {
  const info = socket.getEphemeralKeyInfo() as { readonly name?: string } | null;
  return info?.name ?? null;
}

function describe(
  certificate: X509Certificate,
  distrust: string | null,
  { serverName }: TlsTarget,
): TlsFindings['certificate'] {
  const { asymmetricKeyType = 'unknown', asymmetricKeyDetails: details } = certificate.publicKey;
  return {
    keyType: asymmetricKeyType,
    keyBits: details?.modulusLength ?? (details?.namedCurve === undefined ? null : curveBits(details.namedCurve)),
    signature: (certificate as { readonly signatureAlgorithm?: string }).signatureAlgorithm ?? null,
    namesHost: serverName === null || names(certificate, serverName),
    distrust,
  };
}

function names(certificate: X509Certificate, host: string): boolean {
  const address = /^\[(.*)\]$/.exec(host)?.[1] ?? host;
  return (isIP(address) === 0 ? certificate.checkHost(host) : certificate.checkIP(address)) !== undefined;
}

/** Bits of a curve by its name, such as `prime256v1` and `secp384r1`; null where it tells none. */
function curveBits(curve: string): number | null {
  const bits = /\d{3}/.exec(curve)?.[0];
  return bits === undefined ? null : Number(bits);
}

function faultText(fault: NodeJS.ErrnoException | string | null): string {
  if (fault === null) return 'unknown';
  return typeof fault === 'string' ? fault : (fault.code ?? fault.message);
}
