import { parentPort } from 'node:worker_threads';
import { Traffic, type Phase, type TrafficPlan } from './reload-evidence-traffic.ts';
import { startUpstreams } from './reload-evidence-upstreams.ts';

// Clients and upstreams in a thread of their own: what the main thread does meanwhile must not look like a slow gateway.
const port = parentPort;
if (port === null) throw new Error('this runs in a thread');
const upstreams = await startUpstreams();
let traffic: Traffic | null = null;

type Order = { readonly start: TrafficPlan } | { readonly phase: Phase } | { readonly stop: true };

port.on('message', (order: Order) => {
  if ('start' in order) {
    traffic = new Traffic(order.start);
    traffic.start();
  } else if ('phase' in order) {
    if (traffic !== null) traffic.phase = order.phase;
  } else {
    void traffic?.stop().then((report) => {
      upstreams.stop();
      port.postMessage({ report });
      port.close();
    });
  }
});
port.postMessage({ ports: upstreams.ports });
