import { ADMIN_OPERATIONS, type AdminOperation } from '../../src/control/index.ts';

const INTRODUCTION = `# Admin API

<!-- Generated from src/control; do not edit. \`npm run docs:reference\` writes it anew. -->

The admin port (9443 unless \`admin.port\` says otherwise) speaks https with the local certificate, on loopback unless
\`admin.host\` says otherwise. It serves nothing of the APIs, and the API port serves nothing of it.

- The key is in \`admin.key\` in the data folder. It goes into \`Authorization: Bearer KEY\`. Without it every path but
  the free ones is answered 401, so that nobody without the key learns what there is.
- The local CA is in \`certificates/local-ca.pem\` in the data folder.
- \`Host\` must be localhost, 127.0.0.1, [::1] or the address of \`admin.host\`: anything else is 421. A request that a
  browser sends for another site is 403. Only the operations that take a configuration, or something in JSON, have a
  body, 1 MiB at most. A parameter of the query that the operation does not know is 400.
- Replies are JSON, text where the table says so, or a [problem](problems.md).

\`\`\`sh
curl --cacert .portcullis/certificates/local-ca.pem \\
  -H "Authorization: Bearer $(cat .portcullis/admin.key)" https://localhost:9443/v1/status
\`\`\`

\`GET /openapi.json\`, with the key, is the OpenAPI 3.1 document of this table. \`portcullis status\`, \`reload\`,
\`diff\`, \`apply\` and \`rollback\` use this API, and find port, key and CA in the data folder.

| request | key | answers |
| --- | --- | --- |
`;

/** The page of the admin API, made from its table of operations. */
export function adminApiPage(): string {
  return INTRODUCTION + ADMIN_OPERATIONS.map(row).join('');
}

function row({ method, path, key, asks, summary }: AdminOperation): string {
  const needed = asks === 'decision' ? 'needed, or that of `admin.decisions`' : 'needed';
  return `| \`${method} ${path}\` | ${key ? needed : 'free'} | ${summary} |\n`;
}
