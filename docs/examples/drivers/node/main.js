#!/usr/bin/env node
// A driver of Onitu: it keeps a directory of this machine in sync.
//
// This file is its life; driver.js answers the calls, folder.js is the directory, watch.js tells of changes, errors.js
// says what errors mean.

import { timingSafeEqual } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
import reflection from '@grpc/reflection';
import health from 'grpc-health-check';

import { Driver } from './driver.js';
import { served } from './errors.js';

const SERVICE = 'onitu.driver.v1.Driver';
const contract = loader.loadSync('onitu/driver/v1/driver.proto', {
  includeDirs: [fileURLToPath(new URL('proto', import.meta.url))],
  keepCase: true, longs: String, enums: String, defaults: true, oneofs: true,
});

function fail(reason) {
  console.error(JSON.stringify({ level: 'error', event: 'service_failed', reason }));
  process.exit(1);
}

// Onitu names the address, hands the token over on stdin, and ends the process by closing stdin.
const address = process.env.ONITU_DRIVER_LISTEN;
const line = await new Promise((resolve) => {
  process.stdin.once('data', resolve);
  process.stdin.once('end', () => resolve(''));
});
if (!address || !String(line).trim()) {
  fail('a driver is started by Onitu, which says where to listen and hands over a token');
}
process.stdin.on('end', () => process.exit(0)).resume();
const authorization = Buffer.from(`Bearer ${String(line).trim()}`);

/** Stands before every call, and lets nobody in without the token. */
function guard(_method, call) {
  return new grpc.ServerInterceptingCall(call, {
    start: (next) => next({
      onReceiveMetadata: (metadata, go) => {
        const given = Buffer.from(String(metadata.get('authorization')[0] ?? ''));
        if (given.length === authorization.length && timingSafeEqual(given, authorization)) {
          go(metadata);
        } else {
          call.sendStatus({
            code: grpc.status.UNAUTHENTICATED, details: 'the call does not carry the token of this driver',
          });
        }
      },
    }),
  });
}

const server = new grpc.Server({ interceptors: [guard] });
server.addService(contract[SERVICE], served(contract[SERVICE], new Driver()));
new health.HealthImplementation({ '': 'SERVING', [SERVICE]: 'SERVING' }).addToServer(server);
new reflection.ReflectionService(contract).addToServer(server);
server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error) => error && fail(error.message));
