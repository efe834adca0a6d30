import type { Result } from '../base/index.ts';
import type { Config, Gathered } from '../config/index.ts';
import type { AdminClient, Revision } from '../control/client.ts';
import type { KindTable } from '../gateway/index.ts';
import type { Clock, Egress, Files, Resolver, Secrets, Segments } from '../ports/index.ts';

/** All that a command gets to work with: what it may say, and where. Nothing else of the machine is within its reach. */
export interface CommandContext {
  /** Standard output: what was asked for. */
  readonly write: (text: string) => void;
  /** Standard error: what is wrong. */
  readonly complain: (text: string) => void;
  /** Standard input to its end; the error says why it can't be had, or that it has more than so many bytes. */
  readonly readInput: (limitBytes: number) => Promise<Result<Uint8Array, string>>;
  /** Whether standard output is a terminal that takes colour. */
  readonly color: boolean;
  /** Absolute; where relative paths of the command line start. */
  readonly workingFolder: string;
  /** How this program is called from there: the words before the verb. */
  readonly program: readonly string[];
  /** Who runs the command, as the operating system calls them. */
  readonly user: string;
  /** The version of portcullis. */
  readonly version: string;
  readonly runtime: { readonly node: string; readonly platform: string; readonly architecture: string };
  readonly ports: {
    readonly files: Files;
    readonly secrets: Secrets;
    readonly egress: Egress;
    readonly resolver: Resolver;
    readonly clock: Clock;
  };
  readonly services: CommandServices;
  /** The kinds of policy that a configuration may use; left out, there are none, and `policies` is an unknown key. */
  readonly kinds?: KindTable;
}

/** What the program as a whole does for commands. */
export interface CommandServices {
  /** Runs a configuration file until it is stopped; gives the exit code. */
  start(options: { readonly configFile: string; readonly json: boolean }): Promise<number>;
  /**
   * Runs a configuration given as text, as if it stood at `file`, until it is stopped. `banner` is printed when it is
   * ready. With `canChooseAnew` a port in use is not complained of but told by the answer.
   */
  startText(options: {
    readonly text: string;
    readonly file: string;
    readonly json: boolean;
    readonly banner: (ready: ReadyPorts) => string;
    /** What the line of JSON says besides. */
    readonly facts?: ReadyFacts;
    /** Whether the caller would try other ports. */
    readonly canChooseAnew: boolean;
  }): Promise<number | 'port-in-use'>;
  /** Starts the sample API that `demo` protects. */
  demoApi(): Promise<{ readonly url: string; readonly openapiFile: string; close(): Promise<void> }>;
  /** Starts an authorization server for trying out, in memory and on loopback; the error says why it did not come up. */
  localIssuer(options: LocalIssuerOptions): Promise<Result<LocalIssuer, string>>;
  /**
   * The preferred port if nobody listens there on this address, else the next such one above it; 0 where there is none.
   * Where 0 is preferred it is any, as the system has it.
   */
  freePort(preferred: number, host: string): Promise<number>;
  /** The files of the ledger in this data folder. */
  ledger(dataFolder: string): Segments;
  /** The configurations that were in force on this data folder. */
  revisions(dataFolder: string): KeptRevisions;
  /** Finds port, CA and key of the gateway that runs on this data folder; the error says why it can't be talked to. */
  admin(dataFolder: string): Promise<Result<AdminClient, string>>;
  /** Fetches the keys of an issuer as the gateway does; the error says why they can't be had. */
  issuerKeys(issuer: Config['issuers'][number]): Promise<Result<IssuerKeysFound, string>>;
  /** Tries those of these names that are asked about tokens, or that people sign in with, as the gateway's own client. */
  tryIssuers(gathered: Gathered, names: ReadonlySet<string>): Promise<readonly IssuerTrial[]>;
  /** How many files and connections a process started from here may have open; null where there is no limit or none is known. */
  openFilesLimit(): number | null;
  /** Looks at a TLS server as a stranger would; the error says why it can't be talked to. */
  probeTls(target: TlsTarget): Promise<Result<TlsFindings, string>>;
}

/** The history of configurations. */
export interface KeptRevisions {
  /** Null where it is not kept any more; the error says why it can't be read. */
  find(revision: number): Promise<Result<Revision | null, string>>;
}

/** A TLS server: an address, and the name that is asked for there (SNI and Host), null for none. */
export interface TlsTarget {
  readonly address: string;
  readonly port: number;
  readonly serverName: string | null;
}

/** What was found at a TLS server. */
export interface TlsFindings {
  /** Which handshakes it takes: with this protocol alone, or with suites alone that lack something. */
  readonly takes: Readonly<
    Record<'TLS 1.0' | 'TLS 1.1' | 'TLS 1.2' | 'TLS 1.3' | 'no AEAD' | 'no forward secrecy', boolean>
  >;
  /** The group that keys were agreed in with a client that knows all usual ones; null where it has no name. */
  readonly group: string | null;
  readonly certificate: {
    /** As `KeyObject` calls it, such as `rsa` and `ec`. */
    readonly keyType: string;
    readonly keyBits: number | null;
    /** The algorithm it is signed with, null where that can't be told. */
    readonly signature: string | null;
    readonly namesHost: boolean;
    /** Why the public CAs of this machine don't vouch for it, or null. */
    readonly distrust: string | null;
  };
  /** `max-age` of Strict-Transport-Security in the reply to `/`, in seconds; null without one. */
  readonly strictTransportS: number | null;
}

/** What came of trying an issuer: words for the operator, none of them a secret or the issuer's own. */
export interface IssuerTrial {
  /** What the configuration calls it. */
  readonly issuer: string;
  /** What for. */
  readonly use: 'introspection' | 'login';
  /** What can be told of it; the error says why it is of no use. */
  readonly came: Result<string, string>;
}

/** An issuer's keys: where they were, how many can be used, why each other one cannot, and its clock, null where unsaid. */
export interface IssuerKeysFound {
  readonly place: string;
  readonly usable: number;
  readonly skipped: readonly string[];
  readonly dateMs: number | null;
}

/** Where tokens are to be had for trying out, and as whom. */
export interface ReadyFacts {
  readonly tokenUrl: string;
  readonly clients: LocalIssuer['clients'];
}

/** What a local authorization server issues tokens for, and to whom. */
export interface LocalIssuerOptions {
  /** Its URL as clients see it, through the gateway; with a path. */
  readonly issuer: string;
  readonly audience: string;
  /** What tokens may be narrowed to. */
  readonly scopes: readonly string[];
  readonly clients: readonly { readonly id: string; readonly roles: readonly string[] }[];
}

/** A local authorization server that runs. It ends with this process. */
export interface LocalIssuer {
  /** Where it listens, without a path; it serves below the path of its issuer. */
  readonly url: string;
  /** Its keys, on loopback. */
  readonly jwksUrl: string;
  /** The clients, each with the secret that was made for it. */
  readonly clients: readonly { readonly id: string; readonly secret: string }[];
  close(): Promise<void>;
}

/** Where a gateway that is ready answers. `ca` is the path of the CA that clients must trust, PEM, or null. */
export interface ReadyPorts {
  readonly https: number;
  readonly http: number | null;
  readonly admin: number;
  /** Where third parties are called, over http or https; it is there only where they are. */
  readonly egress?: number;
  readonly ca: string | null;
  readonly host: string;
}
