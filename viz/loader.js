// Unpacks the page's script and runs it; the policy of the page knows its digest. Browsers inflate too, but
// later: a page whose keys do nothing yet would lose them. (RFC 1951.)
(() => {
  const { textContent, dataset } = document.getElementById("code"), out = new Uint8Array(Number(dataset.size));
  const bytes = Uint8Array.from(atob(textContent), (letter) => letter.charCodeAt(0));
  let at = 0, size = 0, last = 0; // bits read, bytes written
  const next = () => ((bytes[at >> 3] | (bytes[(at >> 3) + 1] << 8) | (bytes[(at >> 3) + 2] << 16)) >> (at & 7)) & 32767;
  function bits(count) {
    const x = next() & ((1 << count) - 1);
    at += count;
    return x;
  }
  // A canonical Huffman code: for all that the next 15 bits may be the symbol and how many bits it takes.
  function code(lengths) {
    const table = new Uint16Array(32768);
    for (let length = 1, word = 0; length < 16; length++, word *= 2)
      lengths.forEach((each, symbol) => {
        if (each !== length) return;
        let turned = 0;
        for (let i = 0; i < length; i++) turned |= ((word >> i) & 1) << (length - 1 - i);
        for (; turned < 32768; turned += 1 << length) table[turned] = symbol * 16 + length;
        word++;
      });
    return table;
  }
  function symbol(table) {
    const entry = table[next()];
    at += entry & 15;
    return entry >> 4;
  }
  // A length or a distance: so many values share an exponent, which says how many more bits follow.
  function more(symbol, share, least) {
    const extra = Math.max(0, Math.floor(symbol / share) - 1);
    return (symbol < 2 * share ? symbol : ((symbol % share) + share) << extra) + bits(extra) + least;
  }
  while (!last) {
    last = bits(1);
    bits(2); // zlib writes a script in blocks with codes of their own
    const [literals, distances, words] = [bits(5) + 257, bits(5) + 1, bits(4) + 4], own = Array(19).fill(0), lengths = [];
    for (const place of [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].slice(0, words)) own[place] = bits(3);
    const inner = code(own);
    while (lengths.length < literals + distances) {
      const length = symbol(inner), times = { 16: () => bits(2) + 3, 17: () => bits(3) + 3, 18: () => bits(7) + 11 }[length];
      const each = length < 16 ? length : length === 16 ? lengths.at(-1) : 0;
      lengths.push(...Array(times?.() ?? 1).fill(each));
    }
    const text = code(lengths.slice(0, literals)), back = code(lengths.slice(literals));
    for (let read; (read = symbol(text)) !== 256; ) {
      if (read < 256) out[size++] = read;
      else {
        const length = read === 285 ? 258 : more(read - 257, 4, 3), distance = more(symbol(back), 2, 1);
        for (let i = 0; i < length; i++, size++) out[size] = out[size - distance];
      }
    }
  }
  const text = new TextDecoder().decode(out), end = text.indexOf("\n"), script = document.createElement("script");
  globalThis.data = JSON.parse(text.slice(0, end)); // faster than as JavaScript
  script.textContent = text.slice(end + 1);
  document.body.append(script);
})();
