import { createFileIssuer, type FileIssuer } from '../system/file-issuer.ts';
import { countingKinds } from '../system/counting-kinds.ts';
import { askPlainly, gatherText, type InnerGateway, type PlainReply, startInner } from '../system/inner-gateway.ts';
import { type LocalServer, startLocalServer } from '../system/local-server.ts';
import { type NaivePolicy, type NaiveRequest, policyText } from './naive-policy.ts';

/** An upstream that answers what the client asks it to, and remembers that it was asked. */
export class TellingUpstream {
  readonly server: LocalServer;
  readonly issuer: FileIssuer;
  readonly #state: { asked: boolean };
  readonly #tokens = new Map<string, string>();

  private constructor(server: LocalServer, issuer: FileIssuer, state: { asked: boolean }) {
    this.server = server;
    this.issuer = issuer;
    this.#state = state;
  }

  static async start(): Promise<TellingUpstream> {
    const state = { asked: false };
    const server = await startLocalServer((request, reply) => {
      state.asked = true;
      const said = Buffer.from(String(request.headers['x-reply']), 'base64url');
      request.resume().on('end', () => reply.setHeader('content-type', 'application/json').end(said));
    });
    return new TellingUpstream(server, await createFileIssuer(), state);
  }

  /** A gateway before it with such rights. */
  async gateway(policy: NaivePolicy): Promise<InnerGateway> {
    const beside = { 'keys.json': this.issuer.keys };
    return await startInner(await gatherText(policyText(policy, this.server.url), beside), countingKinds());
  }

  /** What becomes of a request: its reply, and whether the upstream has heard of it. */
  async ask(
    { port }: InnerGateway,
    { operations }: NaivePolicy,
    request: NaiveRequest,
  ): Promise<PlainReply & { readonly asked: boolean }> {
    const { operation, params, body, response } = request;
    const method = operations[operation]?.method ?? 'GET';
    const text = method === 'POST' ? JSON.stringify(body) : undefined;
    const headers = {
      ...{ authorization: `Bearer ${await this.#tokenOf(request)}` },
      ...{ 'x-reply': Buffer.from(JSON.stringify(response)).toString('base64url') },
      ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(text.length) }),
    };
    this.#state.asked = false;
    const path = `/o${operation}/${params.tenant}/${params.id}`;
    const reply = await askPlainly(port, { method, path, headers, ...(text === undefined ? {} : { body: text }) });
    return { ...reply, asked: this.#state.asked };
  }

  stop(): void {
    this.server.stop();
  }

  async #tokenOf({ subject, tenant, roles, claims }: NaiveRequest): Promise<string> {
    const said = { ...claims, sub: subject, roles: [...roles], ...(tenant === undefined ? {} : { org: tenant }) };
    const key = JSON.stringify(said);
    const known = this.#tokens.get(key);
    if (known !== undefined) return known;
    const made = await this.issuer.sign(said);
    this.#tokens.set(key, made);
    return made;
  }
}
