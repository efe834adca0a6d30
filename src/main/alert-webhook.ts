import { createWebhookAlerts, type WebhookAlerts, type WebhookTarget } from '../adapters/index.ts';
import { Secret } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import type { HostPorts } from './host-ports.ts';

/** The webhook of a node: alerts go where the configuration in force says. Before the first one they go nowhere. */
export interface AlertWebhook extends WebhookAlerts {
  /** From now on this configuration is in force. */
  follow(gathered: Pick<Gathered, 'config' | 'secrets'>): void;
}

/** What it works with; `onLost` hears of each alert that will never arrive. */
export interface AlertWebhookOptions extends Pick<HostPorts, 'clock' | 'egress' | 'log'> {
  readonly onLost: () => void;
}

/** Opens it; `send` is what the alerts of the data folder tell their new occasions. */
export function openAlertWebhook({ clock, egress, log, onLost }: AlertWebhookOptions): AlertWebhook {
  let target: WebhookTarget | null = null;
  const webhook = createWebhookAlerts({ clock, egress, log, onLost, target: () => target });
  return {
    send: (record) => webhook.send(record),
    close: () => webhook.close(),
    follow: (gathered) => {
      target = targetOf(gathered);
    },
  };
}

function targetOf({ config, secrets }: Pick<Gathered, 'config' | 'secrets'>): WebhookTarget | null {
  const { webhook } = config.alerts;
  if (webhook === null) return null;
  const bytes = Object.hasOwn(secrets, webhook.secret) ? secrets[webhook.secret] : undefined;
  if (bytes === undefined) throw new Error('a configuration names a secret that was not gathered');
  return { url: webhook.url, secret: new Secret(bytes) };
}
