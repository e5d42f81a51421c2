// The calls of Onitu. What this class does not have answers UNIMPLEMENTED.

import { constants, lstatSync, realpathSync, statSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { once } from 'node:events';

import grpc from '@grpc/grpc-js';
import { createBLAKE3 } from 'hash-wasm';

import { Refusal } from './errors.js';
import { Watch } from './watch.js';

const { status } = grpc;
const HIDDEN = '.onitu'; // What belongs to Onitu at the root of a folder.
const STAGING = `${HIDDEN}/shelf`; // Files that are not whole yet.
const PIECE = 256 * 1024;

const CAPABILITIES = {
  watch: true, whole_files: true, staging: true, stat_files: true, computed_digests: ['blake3'],
  mtime_precision_ns: 1_000_000, make_directory: true, delete_file: true, move_file: true, move_directory: true,
  native_ids: true, sync: true, conditional: 'CONDITIONAL_BEST_EFFORT',
};

const isMissing = (error) => error.code === 'ENOENT' || error.code === 'ENOTDIR';
const nativeId = (info) => `${info.dev}:${info.ino}`;

/** Returns what is another one whenever the content may be. That of a directory does not depend on what is in it. */
function revision(info) {
  return info.isDirectory() ? nativeId(info) : `${nativeId(info)}:${info.size}:${info.mtimeNs}:${info.ctimeNs}`;
}

/** Refuses what is no path of an entry. */
function check(entry) {
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

export class Driver {
  generation = 0;
  folders = new Map();
  #number = 0n;

  async GetManifest() {
    const root = { key: 'root', name: 'Root', description: 'The directory to keep in sync', type: 'OPTION_TYPE_STRING' };
    return {
      manifest: {
        name: 'shelf', description: 'Files in a directory of this machine', options: [root],
        capabilities: CAPABILITIES, limits: { max_whole_file: String(2n ** 62n) },
      },
    };
  }

  async Configure({ options, generation, folders }) {
    const given = options?.fields ?? {};
    const unknown = Object.keys(given).find((key) => key !== 'root');
    if (unknown !== undefined) throw new Refusal(status.INVALID_ARGUMENT, `Unknown option '${unknown}'`);
    if (!given.root?.stringValue) {
      throw new Refusal(status.INVALID_ARGUMENT, "the option 'root' must be the path of a directory");
    }
    if (Number(generation) <= this.generation) {
      throw new Refusal(status.FAILED_PRECONDITION, `generation ${this.generation} is served already`);
    }
    this.generation = Number(generation);
    this.#number = BigInt(generation) << 40n;
    this.folders.clear();
    const reports = [];
    for (const mapping of folders) {
      const place = path.resolve(given.root.stringValue, mapping.path);
      const folder = new Folder(mapping, place, () => String(++this.#number));
      this.folders.set(mapping.name, folder);
      reports.push(await folder.open());
    }
    return { capabilities: CAPABILITIES, folders: reports };
  }

  #folder(name) {
    const folder = this.folders.get(name);
    if (!folder) throw new Refusal(status.NOT_FOUND, `no folder ${JSON.stringify(name)} is configured`);
    folder.assertThere();
    return folder;
  }

  /** Does something with entries of a folder, and says what the last of them is then. */
  async #change(name, entries, act) {
    const folder = this.#folder(name);
    if (!folder.isWritable) throw new Refusal(status.PERMISSION_DENIED, `nothing may be written in the folder ${name}`);
    entries.forEach(check);
    await act(folder);
    return { observation: folder.look(entries.at(-1)) };
  }

  async StatFiles({ folder: name, paths, digest_algorithm: algorithm }) {
    const folder = this.#folder(name);
    paths.forEach(check);
    const observations = [];
    for (const entry of paths) {
      const seen = folder.look(entry);
      if (algorithm === 'blake3' && seen.present?.kind === 'FILE_KIND_FILE') {
        try {
          const hasher = await createBLAKE3();
          for await (const piece of folder.read(entry, seen.present.revision)) hasher.update(piece);
          seen.present.digests = [{ algorithm, value: hasher.digest('binary') }];
        } catch (error) {
          if (!(error instanceof Refusal) && !isMissing(error)) throw error; // Else it changes, and has none now.
        }
      }
      observations.push(seen);
    }
    return { observations };
  }

  async GetFile(call) {
    const { folder: name, path: entry, revision: wanted, offset } = call.request;
    const folder = this.#folder(name);
    const cancelled = new AbortController();
    call.once('cancelled', () => cancelled.abort());
    for await (const data of folder.read(entry, wanted, Number(offset))) {
      if (!call.write({ data })) await once(call, 'drain', { signal: cancelled.signal });
    }
  }

  async UploadFile(call) {
    call.once('cancelled', () => call.destroy());
    const messages = call[Symbol.asyncIterator]();
    const { value: first } = await messages.next();
    const upload = first?.start?.upload;
    return this.#change(first?.start?.folder ?? '', [upload?.path ?? ''], async (folder) => {
      const staged = path.join(folder.place, STAGING, folder.number());
      const file = await fs.open(staged, 'wx', 0o644);
      try {
        await this.#receive(messages, upload, file);
        await folder.exclusively(() => folder.publish(staged, upload));
      } finally {
        await file.close();
        await fs.rm(staged, { force: true }); // Unless it has another name by now.
      }
    });
  }

  /** Writes what comes, which must be what was announced. */
  async #receive(messages, { size, digest, attributes }, file) {
    const hasher = await createBLAKE3();
    let count = 0;
    for await (const { data } of { [Symbol.asyncIterator]: () => messages }) {
      hasher.update(data);
      count += data.length;
      await file.writeFile(data);
    }
    const wanted = digest?.algorithm === 'blake3' ? digest.value : null;
    if (count !== Number(size) || (wanted && !wanted.equals(hasher.digest('binary')))) {
      throw new Refusal(status.DATA_LOSS, `${count} bytes came, not the ${size} that were announced`);
    }
    if (attributes?.mtime_ns !== undefined) {
      const seconds = Number(attributes.mtime_ns) / 1e9;
      await file.utimes(seconds, seconds);
    }
  }

  async MakeDirectory({ folder: name, directory_creation: creation }) {
    const entry = creation?.path ?? '';
    return this.#change(name, [entry], async (folder) => {
      const place = folder.locate(entry);
      await fs.mkdir(place);
      folder.changed(place);
    });
  }

  async DeleteFile({ folder: name, deletion }) {
    const entry = deletion?.path ?? '';
    return this.#change(name, [entry], (folder) => folder.exclusively(async () => {
      const info = folder.expect(entry, deletion.expectation);
      const place = folder.locate(entry);
      await (info?.isDirectory() ? fs.rmdir(place) : fs.unlink(place));
      folder.changed(place);
    }));
  }

  async MoveFile({ folder: name, move }) {
    const [entry, destination] = [move?.path ?? '', move?.destination ?? ''];
    return this.#change(name, [entry, destination], (folder) => folder.exclusively(async () => {
      const info = folder.expect(entry, move.expectation);
      const [from, to] = [folder.locate(entry), folder.locate(destination)];
      const taken = folder.find(destination);
      const isSame = taken?.ino === info?.ino && entry.toLowerCase() === destination.toLowerCase();
      if (taken && !isSame) throw new Refusal(status.FAILED_PRECONDITION, `${destination}: something is there`);
      await fs.rename(from, to);
      folder.changed(from, to);
    }));
  }

  async Sync({ folder: name }) {
    const folder = this.#folder(name);
    const places = folder.unsynced;
    folder.unsynced = new Set();
    for (const place of places) {
      const file = await fs.open(place, 'r').catch(() => null); // It may have gone, or have another name.
      await file?.sync().finally(() => file.close());
    }
    return {};
  }

  async Close() {
    for (const folder of this.folders.values()) folder.watch?.end();
    return {};
  }

  async WatchChanges(call) {
    const watch = new Watch(call);
    const start = await watch.started();
    if (!start) throw new Refusal(status.INVALID_ARGUMENT, 'a change stream begins with its start');
    const folder = this.#folder(start.folder);
    if (start.cursor !== undefined) {
      throw new Refusal(status.OUT_OF_RANGE, 'this driver keeps no place in a stream of changes');
    }
    if (!call.cancelled) { // One that was cancelled already ends nobody.
      folder.watch?.end();
      folder.watch = watch;
    }
    await watch.run(folder, start.live);
  }
}
