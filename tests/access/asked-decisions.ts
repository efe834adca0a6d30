import { askAdmin } from '../system/admin.ts';
import { type ApiAnswer, answerOfApi } from './api-answer.ts';
import type { Cell } from './cells.ts';
import type { InvoiceScene } from './invoice-scene.ts';
import type { Caller, Rights } from './rights.ts';

/** Asks the decision point (AuthZEN) for what a cell asks, and tells it what the API would answer; what is not as the table says, or null. */
export async function decisionComplaint(scene: InvoiceScene, { callers }: Rights, cell: Cell): Promise<string | null> {
  const caller = callers[cell.caller] ?? null;
  const answer = await answerOfApi(scene.apiUrl, cell, caller);
  scene.reset();
  const [path = '', query] = cell.target.split('?');
  const properties = {
    ...{ host: 'localhost', ...told(answer) },
    ...(query === undefined ? {} : { query }),
    ...(cell.body === null ? {} : { body: cell.body }),
  };
  const text = JSON.stringify({
    subject: subjectOf(caller),
    action: { name: cell.method },
    resource: { type: 'route', id: path, properties },
  });
  const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) };
  const reply = await askAdmin(scene.gateway, '/access/v1/evaluation', { method: 'POST', body: text, headers });
  if (reply.status !== 200) return `${reply.status} ${reply.body.slice(0, 200)}`;
  const { decision } = JSON.parse(reply.body) as { readonly decision: boolean };
  // That there is no such invoice, the API itself says to whoever may ask it.
  if (decision) return cell.status < 400 || cell.status === answer.status ? null : `permits what is ${cell.status}`;
  return cell.status >= 400 ? null : `does not permit: ${reply.body.slice(0, 300)}`;
}

/** JSON can be told, and JSON by lines can't. */
function told({ status, headers, body }: ApiAnswer): object {
  if (body === undefined || headers['content-type'] !== 'application/json') return {};
  return { response: JSON.parse(body.toString()) as unknown, responseStatus: status };
}

function subjectOf(caller: Caller): object {
  if (caller === null) return { type: 'anonymous', id: 'anonymous' };
  const { subject, tenant, roles, amr = [], ...claims } = caller;
  const properties = { issuer: 'acme', roles, amr, claims, ...(tenant === undefined ? {} : { tenant }) };
  return { type: 'user', id: subject, properties };
}
