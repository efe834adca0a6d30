import { join } from 'node:path';
import { ROOT } from '../tidy/repository.ts';

/** The program itself. */
export const PROGRAM = join(ROOT, 'bin', 'portcullis');

/** A configuration of one API with one route, `GET /first`, before an upstream on this port; free ports everywhere else. */
export function configuration(
  upstream: number,
  more: { readonly apis?: string; readonly server?: string } = {},
): string {
  return `version: 1
server: ${more.server ?? '{ https: { port: 0, certificate: local }, http: { port: 0 } }'}
admin: { port: 0 }
data: ./data
apis:
  first: { routes: ['GET /first'], upstream: 'http://127.0.0.1:${upstream}', auth: public }
${more.apis ?? ''}`;
}
