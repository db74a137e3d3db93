/** The sum of ISO/IEC 7812 (payment cards, Swedish and Canadian numbers): doubled every second digit from the right. */
export function isLuhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    const weighed = i % 2 === 0 ? digit : digit * 2
    sum += weighed > 9 ? weighed - 9 : weighed
  }
  return sum % 10 === 0
}

/** What is left of digits and letters (A = 10 … Z = 35) divided by 97: ISO/IEC 7064, for IBANs and French numbers. */
export function mod97(text: string): number {
  let rest = 0
  for (const character of text) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest
}

/** The sum of digits, each times its weight. */
export function weighed(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, at) => sum + weight * (digits.charCodeAt(at) - 48), 0)
}

/** Multiplication in the dihedral group of ten elements: turns are 0-4, turns of the flipped pentagon 5-9. */
function turn(a: number, b: number): number {
  if (a < 5) return b < 5 ? (a + b) % 5 : 5 + ((a + b) % 5)
  return b < 5 ? 5 + ((a - b + 5) % 5) : (a - b + 5) % 5
}

const SHUFFLE = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]

/** Verhoeff 1969: catches every single wrong digit and every swap of neighbours (Aadhaar). */
export function isVerhoeff(digits: string): boolean {
  let check = 0
  for (let i = 0; i < digits.length; i++) {
    let digit = digits.charCodeAt(digits.length - 1 - i) - 48
    for (let times = 0; times < i % 8; times++) digit = SHUFFLE[digit] ?? 0
    check = turn(check, digit)
  }
  return check === 0
}

/** ISO/IEC 7064 MOD 11,10: German tax numbers. */
export function isMod11And10(digits: string): boolean {
  let product = 10
  for (let i = 0; i < digits.length - 1; i++) {
    const sum = (digits.charCodeAt(i) - 48 + product) % 10
    product = ((sum === 0 ? 10 : sum) * 2) % 11
  }
  return (11 - product) % 10 === digits.charCodeAt(digits.length - 1) - 48
}

/** Whether there is such a day; a year of two digits may be of any century. */
export function isDay(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(2000 + (year % 100), month, 0)).getUTCDate()
}
