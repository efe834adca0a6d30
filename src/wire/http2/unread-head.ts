import { NO_FIELDS } from '../header-fields.ts';
import type { Http2RequestHead } from './request-head.ts';

/** What stands for a head that could not be read: nothing of it is looked at, for its reply is ready. */
export const NO_HEAD: Http2RequestHead = {
  fault: null,
  method: 'GET',
  authority: { host: '', port: null },
  path: '/',
  query: null,
  fields: NO_FIELDS,
  contentLength: -1,
  upgrades: false,
  expectsContinue: false,
  bytes: 0,
};
/** The same where the reply to it has no content. */
export const NO_HEAD_OF_HEAD: Http2RequestHead = { ...NO_HEAD, method: 'HEAD' };
