import type { Segment } from '../openapi/index.ts';

/**
 * Paths that are the gateway's own on every host, with all that lies under them: its pages, the answers by which a CA
 * knows it (RFC 8555 §8.3), and what it says of its APIs as protected resources (RFC 9728 §3). An API that answered
 * there could have certificates issued, or name the authorization server that clients send their users to.
 */
const OWN_PATHS = ['/.portcullis', '/.well-known/acme-challenge', '/.well-known/oauth-protected-resource'] as const;

const DOT = 0x2e;

/** Whether a canonical path is the gateway's own. */
export function isOwnPath(path: string): boolean {
  // All of them begin so, and hardly any other path does.
  return path.charCodeAt(1) === DOT && ownerOf(path) !== null;
}

/** The path of the gateway's own that a template names or lies under, or null. What it names by parameters it does not claim. */
export function ownPathOf(segments: readonly Segment[]): string | null {
  const named = segments.findIndex((segment) => segment.kind !== 'literal');
  const literals = named < 0 ? segments : segments.slice(0, named);
  return ownerOf(literals.map((segment) => (segment.kind === 'literal' ? `/${segment.text}` : '')).join(''));
}

function ownerOf(path: string): string | null {
  return OWN_PATHS.find((own) => path === own || path.startsWith(`${own}/`)) ?? null;
}
