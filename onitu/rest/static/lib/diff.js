/** Which lines two texts have in common. */

/** Lines of a text beyond which nothing is compared: the table grows with the square of them. */
const MOST = 1_000;

/**
 * Returns, for each side, its lines and whether the other one lacks them.
 * @param {string} one
 * @param {string} other
 * @returns {[{text: string, own: boolean}[], {text: string, own: boolean}[]]}
 */
export function compare(one, other) {
  const left = one.split("\n");
  const right = other.split("\n");
  if (left.length > MOST || right.length > MOST) return [plain(left), plain(right)];
  const width = right.length + 1;
  /** Length of the longest common part of what follows each pair of lines. */
  const common = new Uint16Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      common[at] = left[i] === right[j] ? common[at + width + 1] + 1 : Math.max(common[at + width], common[at + 1]);
    }
  }
  const [ours, theirs] = [plain(left), plain(right)];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      i += 1;
      j += 1;
    } else if (j >= right.length || (i < left.length && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      ours[i].own = true;
      i += 1;
    } else {
      theirs[j].own = true;
      j += 1;
    }
  }
  return [ours, theirs];
}

/** @param {string[]} lines */
const plain = (lines) => lines.map((text) => ({ text, own: false }));
