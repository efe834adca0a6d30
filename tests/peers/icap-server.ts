import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Child, findProgram, startServer } from '../bench/child.ts';
import { freePort } from '../framing/free-port.ts';

/** ClamAV behind c-icap, as Debian packages them, with a database of one signature. */
export interface IcapServer {
  readonly port: number;
  /** Ends what scans, and leaves what speaks ICAP. */
  stopScanner(): Promise<void>;
  stop(): Promise<void>;
}

/** The file that every scanner finds and that does nothing (EICAR). In two pieces: no scanner shall find it here. */
export const EICAR = Buffer.from('X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR' + '-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*');

const MODULES = ['/usr/lib/x86_64-linux-gnu/c_icap', '/usr/lib/aarch64-linux-gnu/c_icap'];

/** The programs that are missing for it, in one line; null where all are there. */
export function missingForIcap(): string | null {
  const missing = ['clamd', 'c-icap'].filter((program) => findProgram(program) === null);
  return missing.length === 0 ? null : `${missing.join(' and ')} missing`;
}

/** Starts both in a folder of their own. */
export async function startIcapServer(folder: string): Promise<IcapServer> {
  const scannerPort = await freePort();
  const port = await freePort();
  const scanner = await startClamd(folder, scannerPort);
  const server = await startCIcap(folder, { port, scannerPort });
  return {
    port,
    stopScanner: async () => await scanner.stop(),
    stop: async () => {
      await server.stop();
      await scanner.stop();
    },
  };
}

async function startClamd(folder: string, port: number): Promise<Child> {
  const database = join(folder, 'database');
  await mkdir(database);
  await writeFile(join(database, 'test.ndb'), `Eicar-Test-Signature:0:*:${EICAR.toString('hex')}\n`);
  const file = join(folder, 'clamd.conf');
  const lines = [
    'Foreground yes',
    `DatabaseDirectory ${database}`,
    `TCPSocket ${port}`,
    'TCPAddr 127.0.0.1',
    'StreamMaxLength 50M',
    `PidFile ${join(folder, 'clamd.pid')}`,
    `TemporaryDirectory ${folder}`,
    ...(process.getuid?.() === 0 ? ['User root'] : []),
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  return await startServer([findProgram('clamd') ?? '', `--config-file=${file}`], port, { core: 'any' });
}

async function startCIcap(
  folder: string,
  { port, scannerPort }: { readonly port: number; readonly scannerPort: number },
): Promise<Child> {
  const file = join(folder, 'c-icap.conf');
  const modules = MODULES.find((each) => existsSync(each)) ?? MODULES[0];
  const lines = [
    `PidFile ${join(folder, 'c-icap.pid')}`,
    `CommandsSocket ${join(folder, 'c-icap.ctl')}`,
    'Timeout 30',
    'KeepAliveTimeout 60',
    'StartServers 1',
    'MaxServers 2',
    'ThreadsPerChild 10',
    `Port 127.0.0.1:${port}`,
    `TmpDir ${folder}`,
    'MaxMemObject 131072',
    'DebugLevel 1',
    `ModulesDir ${modules}`,
    `ServicesDir ${modules}`,
    'LoadMagicFile /etc/c-icap/c-icap.magic',
    `ServerLog ${join(folder, 'server.log')}`,
    `AccessLog ${join(folder, 'access.log')}`,
    'Service echo srv_echo.so',
    'Service antivirus_module virus_scan.so',
    'ServiceAlias avscan virus_scan?allow204=on&sizelimit=off&mode=simple',
    'virus_scan.ScanFileTypes TEXT DATA EXECUTABLE ARCHIVE GRAPHICS STREAM DOCUMENT',
    'virus_scan.SendPercentData 0',
    'virus_scan.MaxObjectSize 50M',
    'Module common clamd_mod.so',
    'clamd_mod.ClamdHost 127.0.0.1',
    `clamd_mod.ClamdPort ${scannerPort}`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  return await startServer([findProgram('c-icap') ?? '', '-N', '-f', file], port, { core: 'any' });
}
