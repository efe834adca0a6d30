/** The name of the API that a call leads to, by host, path and method; null where it leads nowhere. */
type LeadsTo = (host: string, path: string, method: string) => string | null;

/** A name of this machine, which is a host of every third party. */
const OWN_HOST = 'localhost';

/** What may be called of third parties: asked where a redirect leads back to one. */
export class PartyRoutes {
  #leadsTo: LeadsTo = () => null;

  /** Called once, when all routes stand. */
  settle(leadsTo: LeadsTo): void {
    this.#leadsTo = leadsTo;
  }

  /** Whether this may be called of the API of that name. `path` is as callers write it. */
  allows(api: string, method: string, path: string): boolean {
    return this.#leadsTo(OWN_HOST, path, method) === api;
  }
}
