// The directory: what is there, reading, writing.

import { constants, lstatSync, realpathSync, statSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';

import grpc from '@grpc/grpc-js';

import { Refusal } from './errors.js';

const { status } = grpc;
export const HIDDEN = '.onitu'; // What belongs to Onitu at the root of a folder.
export const STAGING = `${HIDDEN}/shelf`; // Files that are not whole yet.
const PIECE = 256 * 1024;

export const isMissing = (error) => error.code === 'ENOENT' || error.code === 'ENOTDIR';
const nativeId = (info) => `${info.dev}:${info.ino}`;

/** Returns what is another one whenever the content may be. That of a directory does not depend on what is in it. */
function revision(info) {
  return info.isDirectory() ? nativeId(info) : `${nativeId(info)}:${info.size}:${info.mtimeNs}:${info.ctimeNs}`;
}

/** Refuses what is no path of an entry. */
export function check(entry) {
  const parts = entry.split('/');
  const wrong = parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'));
  if (wrong || parts[0] === HIDDEN) {
    throw new Refusal(status.INVALID_ARGUMENT, `${JSON.stringify(entry)} is no path that can be used here`);
  }
}

/** A directory that takes part. */
export class Folder {
  changing = Promise.resolve(); // Between a look at what is there and the change that rests on it.
  unsynced = new Set();
  watch = null; // The change stream that is open.

  constructor(mapping, place, number) {
    Object.assign(this, { mapping, place, number });
  }

  get isWritable() {
    return this.mapping.mode !== 'MODE_READ';
  }

  /** Opens the root, which is made where it is new, and returns the report of it. */
  async open() {
    const report = { name: this.mapping.name, path: path.posix.normalize(this.mapping.path) };
    const wanted = this.mapping.root_id;
    try {
      if (wanted === undefined && this.isWritable) await fs.mkdir(this.place, { recursive: true });
      this.place = await fs.realpath(this.place);
      this.id = nativeId(await fs.stat(this.place, { bigint: true }));
      if (wanted !== undefined && wanted !== this.id) {
        const reason = `${this.place} is another directory than before: bring that one back`;
        return { ...report, root_state: 'ROOT_STATE_DIFFERENT', reason };
      }
      if (this.isWritable) {
        await fs.rm(path.join(this.place, STAGING), { recursive: true, force: true });
        await fs.mkdir(path.join(this.place, STAGING), { recursive: true, mode: 0o700 });
      }
    } catch (error) {
      const reason = `the root cannot be opened (${error.message}): is its disk there?`;
      return { ...report, root_state: 'ROOT_STATE_MISSING', reason };
    }
    return { ...report, root_state: 'ROOT_STATE_OK', root_id: this.id };
  }

  // A look at a local disk takes microseconds, less than handing it to another thread.

  /** Makes sure that the root still lies where it was: otherwise nothing in it is known to be gone. */
  assertThere() {
    const info = statSync(this.place, { bigint: true, throwIfNoEntry: false });
    if (!info || nativeId(info) !== this.id) {
      throw new Refusal(status.UNAVAILABLE, `the root of the folder ${this.mapping.name} is gone`);
    }
  }

  /** Returns where an entry lies, beneath the root, whatever links lie there. */
  locate(entry) {
    check(entry);
    const above = path.join(this.place, path.dirname(entry));
    if (realpathSync.native(above) !== above) {
      throw new Refusal(status.INVALID_ARGUMENT, `${entry} lies below a symbolic link, and none is followed`);
    }
    return path.join(above, path.basename(entry));
  }

  /** Returns what the disk says of an entry; null is nothing. */
  find(entry) {
    try {
      return lstatSync(this.locate(entry), { bigint: true });
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  /** Says what is at a path. Its number is taken before it looks: what happens meanwhile is newer. */
  look(entry) {
    const seen = { path: entry, observed_seq: this.number() };
    try {
      const info = this.find(entry);
      if (!info) {
        seen.absent = {};
      } else if (info.isDirectory()) {
        seen.present = { kind: 'FILE_KIND_DIRECTORY', revision: revision(info), native_id: nativeId(info) };
      } else if (info.isFile()) {
        seen.present = {
          kind: 'FILE_KIND_FILE', revision: revision(info), native_id: nativeId(info), size: String(info.size),
          mtime_ns: String(info.mtimeNs),
          racy: Math.abs(Date.now() - Number(info.mtimeMs)) < 10, // Another write may leave the same time.
        };
      } else {
        seen.inadmissible = { reason: 'is neither a file nor a directory' };
      }
    } catch (error) {
      seen.unknown = { reason: error.message };
    }
    return seen;
  }

  /** Looks whether what is there is what was believed; null is nothing. */
  expect(entry, believed) {
    const info = this.find(entry);
    if (believed?.state === 'absent' ? !info : info && believed?.revision === revision(info)) return info;
    if (!believed?.state) throw new Refusal(status.INVALID_ARGUMENT, `${entry}: it is not said what is expected there`);
    throw new Refusal(status.FAILED_PRECONDITION, `${entry}: something else is there than was expected`);
  }

  /** Yields the pieces of a file at a revision, which it must have before and after. */
  async *read(entry, wanted, offset = 0) {
    // No pipe keeps us waiting.
    const file = await fs.open(this.locate(entry), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const info = await file.stat({ bigint: true });
      for (let begin = offset; info.isFile() && revision(info) === wanted;) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(PIECE), 0, PIECE, begin);
        begin += bytesRead;
        if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
        else if (revision(await file.stat({ bigint: true })) === wanted) return;
        else break;
      }
      throw new Refusal(status.FAILED_PRECONDITION, `${entry} is no file of this revision`);
    } finally {
      await file.close();
    }
  }

  /** Does something while nobody else changes anything. */
  exclusively(act) {
    const done = this.changing.then(act);
    this.changing = done.catch(() => {});
    return done;
  }

  /** Makes a file that is whole visible, if what is at its path is still what was expected. */
  async publish(staged, upload) {
    const place = this.locate(upload.path);
    const info = this.expect(upload.path, upload.expectation);
    if (info) {
      await fs.chmod(staged, Number(info.mode) & 0o777);
      await fs.rename(staged, place);
    } else {
      await fs.link(staged, place); // Unlike a rename, it never takes the place of what appears just now.
    }
    this.changed(place);
  }

  /** Takes note of what is to be made durable by the next Sync. */
  changed(...places) {
    for (const place of places) this.unsynced.add(place).add(path.dirname(place));
  }
}
