// Unpacks the page's script and runs it; the policy of the page knows its digest. Browsers inflate too, but
// later: a page whose keys do nothing yet would lose them. (RFC 1951; decoding as in Mark Adler's puff.)
(() => {
  const bytes = Uint8Array.from(atob(document.getElementById("code").textContent), (letter) => letter.charCodeAt(0));
  const out = [], order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
  let at = 0, last = 0;
  function bits(count) {
    let x = 0;
    for (let i = 0; i < count; i++, at++) x |= ((bytes[at >> 3] >> (at & 7)) & 1) << i;
    return x;
  }
  // A canonical Huffman code: how many words there are of each length, and the symbols in their order.
  function code(lengths) {
    const counts = Array(16).fill(0), symbols = [];
    for (const length of lengths) counts[length]++;
    for (let length = 1; length < 16; length++) lengths.forEach((each, symbol) => each === length && symbols.push(symbol));
    return [counts, symbols];
  }
  function symbol([counts, symbols]) {
    for (let length = 1, word = 0, first = 0, index = 0; ; length++) {
      word |= (bytes[at >> 3] >> (at++ & 7)) & 1;
      if (word - counts[length] < first) return symbols[index + word - first];
      index += counts[length];
      first = (first + counts[length]) << 1;
      word <<= 1;
    }
  }
  // A length or a distance: so many values share an exponent, which says how many more bits follow.
  function more(symbol, share, least) {
    if (symbol < 2 * share) return symbol + least;
    const extra = Math.floor(symbol / share) - 1;
    return (((symbol % share) + share) << extra) + bits(extra) + least;
  }
  while (!last) {
    last = bits(1);
    bits(2); // zlib writes a script in blocks with codes of their own
    const [literals, distances, words] = [bits(5) + 257, bits(5) + 1, bits(4) + 4], own = Array(19).fill(0), lengths = [];
    for (let i = 0; i < words; i++) own[order[i]] = bits(3);
    const inner = code(own);
    while (lengths.length < literals + distances) {
      const length = symbol(inner);
      if (length < 16) lengths.push(length);
      else {
        const again = length === 16 ? lengths.at(-1) : 0, times = length === 16 ? bits(2) + 3 : length === 17 ? bits(3) + 3 : bits(7) + 11;
        for (let i = 0; i < times; i++) lengths.push(again);
      }
    }
    const text = code(lengths.slice(0, literals)), back = code(lengths.slice(literals));
    for (let next; (next = symbol(text)) !== 256; ) {
      if (next < 256) out.push(next);
      else {
        const length = next === 285 ? 258 : more(next - 257, 4, 3), from = out.length - more(symbol(back), 2, 1);
        for (let i = 0; i < length; i++) out.push(out[from + i]);
      }
    }
  }
  const script = document.createElement("script");
  script.textContent = new TextDecoder().decode(Uint8Array.from(out));
  document.body.append(script);
})();
