import { createMeterReader, createSharedMeter, type MeterSeries, type SharedMeterReader } from '../adapters/index.ts';
import type { OwnerOutcome } from '../control/index.ts';
import type { Meter } from '../ports/index.ts';
import type { SignInRefusal } from '../session/contract.ts';
import type { SessionEvent } from '../session/index.ts';
import { LOSS_REASONS, type ThreadLoss } from './thread-member.ts';

/** What the main thread counts. */
export interface ControlMetrics {
  /** An attempt to get the keys of this issuer failed; names come from the configuration. */
  keysFailed(issuer: string): void;
  /** An issuer, whose name comes from the configuration, was asked about a token, and that ended so. */
  introspected(issuer: string, outcome: 'answered' | 'failed' | 'refused'): void;
  /** A service, by its host, was asked whose an object is, and that ended so. */
  ownerAsked(service: string, outcome: OwnerOutcome): void;
  /** A source of targets, of this kind, could not say what it has. */
  discoveryFailed(kind: string): void;
  /** A source of targets, whose name comes from the configuration, has so many, and last said so at this time. */
  targetsFound(source: string, targets: number, foundAtMs: number | null): void;
  /** So many gateway threads serve now. */
  threads(serving: number): void;
  /** A gateway thread has taken the place of one that was lost for this reason. */
  threadReplaced(reason: ThreadLoss['reason']): void;
  /** An order of a certificate with this CA ended so; its host comes from the configuration. */
  certificateOrdered(authority: string, result: 'issued' | 'failed'): void;
  /** Originals of replaced errors that could not be kept. */
  originalsLost(count: number): void;
  /** Reports of content security policies that could not be kept. */
  cspReportsLost(count: number): void;
  /** Somebody has signed in with an issuer, or was refused; both words come from closed lists. */
  signIn(issuer: string, result: 'signed-in' | SignInRefusal): void;
  /** A session was refreshed, or could not be. */
  sessionRefresh(issuer: string, result: Extract<SessionEvent, { kind: 'refreshed' }>['result']): void;
  /** A session has ended before its time. */
  sessionEnded(issuer: string, why: Extract<SessionEvent, { kind: 'ended' }>['why']): void;
  /** A provider has told who signed out there. */
  providerLogout(issuer: string, result: Extract<SessionEvent, { kind: 'logout-told' }>['result']): void;
  /** An alert will never arrive at the webhook. */
  webhookAlertLost(): void;
}

/** Makes them. Series of issuers come into being when they are first counted. */
export function createControlMetrics(meter: Meter): ControlMetrics {
  const lost = meter.counter(
    'portcullis_webhook_alerts_lost_total',
    'Alerts that the webhook did not take, or had no room for.',
  );
  const originals = meter.counter(
    'portcullis_upstream_errors_lost_total',
    'Originals of replaced errors that could not be kept.',
  );
  const cspReports = meter.counter(
    'portcullis_csp_reports_lost_total',
    'Reports of content security policies that could not be kept.',
  );
  const threads = meter.gauge('portcullis_gateway_threads', 'Gateway threads that serve by what is installed.');
  const replacements = new Map(
    LOSS_REASONS.map((reason) => [
      reason,
      meter.counter(
        'portcullis_thread_replacements_total',
        'Gateway threads that took the place of one that was lost, by why it was.',
        { reason },
      ),
    ]),
  );
  return {
    threads: (serving) => threads.set(serving),
    threadReplaced: (reason) => replacements.get(reason)?.add(1),
    keysFailed: (issuer) =>
      meter
        .counter('portcullis_issuer_key_failures_total', 'Times the keys of an issuer could not be had.', { issuer })
        .add(1),
    introspected: introspectionCounter(meter),
    ownerAsked: ownerCounter(meter),
    discoveryFailed: (kind) =>
      meter
        .counter('portcullis_discovery_failures_total', 'Times a source of targets could not say what it has.', {
          kind,
        })
        .add(1),
    targetsFound: (source, targets, foundAtMs) => {
      meter
        .gauge('portcullis_discovered_targets', 'Targets that a source has, with those kept while it fails.', {
          source,
        })
        .set(targets);
      if (foundAtMs === null) return;
      meter
        .gauge('portcullis_discovery_found_timestamp_seconds', 'When a source of targets last said what it has.', {
          source,
        })
        .set(foundAtMs / 1_000);
    },
    certificateOrdered: (authority, result) =>
      meter
        .counter('portcullis_acme_orders_total', 'Orders of certificates with a CA, by how they ended.', {
          authority,
          result,
        })
        .add(1),
    originalsLost: (count) => originals.add(count),
    cspReportsLost: (count) => cspReports.add(count),
    ...sessionMetrics(meter),
    webhookAlertLost: () => lost.add(1),
  };
}

function introspectionCounter(meter: Meter): ControlMetrics['introspected'] {
  const help = 'Times an issuer was asked about a token, by how that ended.';
  return (issuer, outcome) => meter.counter('portcullis_introspections_total', help, { issuer, outcome }).add(1);
}

function ownerCounter(meter: Meter): ControlMetrics['ownerAsked'] {
  const help = 'Times a service was asked whose an object is, by how that ended.';
  return (service, outcome) => meter.counter('portcullis_owner_lookups_total', help, { service, outcome }).add(1);
}

function sessionMetrics(
  meter: Meter,
): Pick<ControlMetrics, 'signIn' | 'sessionRefresh' | 'sessionEnded' | 'providerLogout'> {
  const count = (name: string, help: string, labels: Readonly<Record<string, string>>): void =>
    meter.counter(name, help, labels).add(1);
  return {
    signIn: (issuer, result) =>
      count('portcullis_sign_ins_total', 'Times people signed in with an issuer, or were refused.', { issuer, result }),
    sessionRefresh: (issuer, result) =>
      count('portcullis_session_refreshes_total', 'Times a session was refreshed, or could not be.', {
        issuer,
        result,
      }),
    sessionEnded: (issuer, why) =>
      count('portcullis_sessions_ended_total', 'Sessions that ended before their time, by why.', { issuer, why }),
    providerLogout: (issuer, result) =>
      count('portcullis_provider_logouts_total', 'Logout tokens of issuers, taken or refused.', { issuer, result }),
  };
}

/** A reader for all threads, and the main thread's own meter, which it reads already. */
export function openMeters(): { readonly reader: SharedMeterReader; readonly meter: Meter } {
  const reader = createMeterReader();
  const waiting: MeterSeries[] = [];
  let announce = (series: MeterSeries): void => void waiting.push(series);
  const meter = createSharedMeter({ announce: (series) => announce(series) });
  const attached = reader.attach(meter.buffer);
  announce = (series) => attached.announce(series);
  for (const series of waiting) announce(series);
  return { reader, meter };
}
