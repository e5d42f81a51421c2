// What errors mean to Onitu, and how they travel.

import grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';

const { status } = grpc;

const MEANINGS = {
  ENOENT: status.NOT_FOUND, ENOTDIR: status.NOT_FOUND,
  EEXIST: status.FAILED_PRECONDITION, ENOTEMPTY: status.FAILED_PRECONDITION, EISDIR: status.FAILED_PRECONDITION,
  EACCES: status.PERMISSION_DENIED, EPERM: status.PERMISSION_DENIED, EROFS: status.PERMISSION_DENIED,
  EINVAL: status.INVALID_ARGUMENT, ENAMETOOLONG: status.INVALID_ARGUMENT, EILSEQ: status.INVALID_ARGUMENT,
  ENOSPC: status.RESOURCE_EXHAUSTED, EDQUOT: status.RESOURCE_EXHAUSTED,
};

// Of google/rpc, which no package of gRPC for Node brings.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message QuotaFailure { message Violation { string subject = 1; string description = 2; } repeated Violation violations = 1; }
`, { keepCase: true });

export class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** Returns an error as it travels. What is not foreseen is tried again. */
function told(error) {
  const code = error instanceof Refusal ? error.code : MEANINGS[error.code] ?? status.UNAVAILABLE;
  const message = Buffer.from(error.message).subarray(0, 900).toString();
  const metadata = new grpc.Metadata();
  // Onitu believes UNAVAILABLE only with a status, since a connection that breaks is called that too.
  if (code === status.UNAVAILABLE || code === status.RESOURCE_EXHAUSTED) {
    const full = root.lookupType('QuotaFailure').encode({ violations: [{ description: message }] }).finish();
    const details = [{ type_url: 'type.googleapis.com/google.rpc.QuotaFailure', value: full }];
    const said = { code, message, details: code === status.UNAVAILABLE ? [] : details };
    metadata.set('grpc-status-details-bin', Buffer.from(root.lookupType('Status').encode(said).finish()));
  }
  return { code, details: message, metadata };
}

/** Makes gRPC's handlers of a driver's methods, which are asynchronous and throw; those it has not stay unimplemented. */
export function served(service, driver) {
  const handlers = {};
  for (const [name, { requestStream, responseStream }] of Object.entries(service)) {
    if (typeof driver[name] !== 'function') continue;
    if (responseStream) {
      handlers[name] = (call) => driver[name](call).then(() => call.end(), (error) => call.emit('error', told(error)));
    } else {
      handlers[name] = (call, answer) => {
        driver[name](requestStream ? call : call.request).then((found) => answer(null, found), (error) => answer(told(error)));
      };
    }
  }
  return handlers;
}
