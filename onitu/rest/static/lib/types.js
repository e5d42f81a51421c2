/**
 * The values the page is made of, as `lib/model.js` makes them from the API's answers.
 *
 * @typedef {"ok" | "busy" | "warn" | "bad" | "off"} Tone How good or bad a thing is; chooses colour, never meaning alone.
 *
 * @typedef {object} Service
 * @property {string} name
 * @property {string} driver
 * @property {string} status As CONTRACT E6 has it.
 * @property {string} reason Why it is not as it should be; "" otherwise.
 * @property {boolean} paused
 * @property {string} waiting Until when it waits, by its schedule; "" where it does not.
 * @property {number} pending Entries it lacks.
 * @property {number} errors Paths that failed there.
 *
 * @typedef {object} Mapping A folder on a service.
 * @property {string} service
 * @property {string} path Below the service's root.
 * @property {string} mode `r`, `w`, `rw` or `none`.
 * @property {number} pending Entries it lacks.
 * @property {boolean} listing Whether it is still being listed.
 *
 * @typedef {object} Folder
 * @property {string} name
 * @property {number} files
 * @property {number} bytes
 * @property {Mapping[]} services
 *
 * @typedef {object} File
 * @property {string} fid
 * @property {string} folder
 * @property {string} filename
 * @property {number} size
 * @property {string} mimetype
 * @property {number | null} mtime
 * @property {number} version
 * @property {string[]} owners
 * @property {string[]} uptodate
 *
 * @typedef {object} Transfer
 * @property {string} key
 * @property {string} folder
 * @property {string} filename
 * @property {string} source
 * @property {string} target
 * @property {number} size
 * @property {number} done Bytes.
 * @property {number} rate Bytes a second; 0 where it is not known yet.
 * @property {"moving" | "finished" | "aborted"} state
 * @property {string} error
 * @property {number} time When it was last heard of, in milliseconds.
 * @property {{time: number, done: number}} mark From when on its rate is taken.
 *
 * @typedef {object} Conflict
 * @property {string} folder
 * @property {string} fid Its id.
 * @property {File} file Has the name that both wanted.
 * @property {File} copy Has the other content.
 * @property {string} kept The service whose content has the name.
 * @property {string} lost The service whose content is the copy.
 *
 * @typedef {object} Hold
 * @property {string} service
 * @property {string} folder
 * @property {string} reason
 * @property {number} since Seconds since 1970.
 * @property {string | null} order What was decided, until it is carried out.
 * @property {number} count
 * @property {string[]} paths
 *
 * @typedef {object} Halt A folder on a service whose root is missing, or another one than before.
 * @property {string} service
 * @property {string} folder
 * @property {string} reason
 */

export {};
