import {
  isSupportedCountry,
  parsePhoneNumberFromString,
  type CountryCode,
  type PhoneNumber,
} from 'libphonenumber-js/max'
import type { NumberRun } from './numbers.ts'

/** Words that say a number is for calling, in the languages of the default regions, before it or (in lists of contacts) behind it. */
const CALLING_WORDS =
  'tel|ph|phone|telephone|mobile|mob|cell|cellphone|landline|fax|desk|call(?:ed|ing)?|dial|ring|sms|texted|' +
  'text (?:me|us|him|her|them|messages?)|whats ?app|reach|hotline|contact|answering|voicemail|' +
  'messages? (?:to|on|at)|(?:registered|my|your|his|her|their) number|t[eé]l[eé]fonos?|t[eé]l[eé]phone|' +
  'portable|telefone?|telefoon|telefonnummer|rufnummer|festnetz|handy|handynummer|mobil|mobiel|m[oó]vil|' +
  'celular|cellulare|telem[oó]vel|puhelin|mobiltelefon|komórka|gsm'
const CALLING = new RegExp(`(?<![\\p{L}\\d])(?:${CALLING_WORDS})(?!\\p{L})[^\\n]{0,30}\\n?[^\\n]{0,12}$`, 'iu')
/** What else a number right behind such a word is: its form alone makes it no phone number. */
const OTHER_NUMBER =
  /\b(?:order|invoice|ticket|ref(?:erence)?|part|item|sku|model|product|article|serial|lot|batch|isbn|issn|ean|upc|gtin|imei|account|acct|konto|routing|zip|postcode|case|docket|claim|file|policy|member(?:ship)?|tracking|parcel|shipment|price|cost|total|sum|amount|revenue|sales|budget|salary|population|id|nhs|ssn|tax|steuer|pesel|bsn|dni|passport|licen[cs]e|scores?|values?|rows?|lat|lon|version|build|pages?|code)\b[^\n\d]{0,14}$/i
const MONEY_BEFORE = /(?:[$€£¥₹]|\b(?:usd|eur|gbp|chf|sek|nok|dkk|inr|jpy|cny|rs\.?))\s?$/i
const MONEY_BEHIND =
  /^\s?(?:[$€£¥₹%]|(?:usd|eur|gbp|chf|sek|nok|dkk|inr|jpy|kr|kronor|dollars?|euros?|pounds|rupees|yen|yuan|z[lł]|million|people|inhabitants)\b)/i
export const BEHIND = /^\s{0,2}[-(,]?\s{0,2}(?:office|fax|mobile|cell|home|work|desk|phone|tel)\b/i
const REGISTERED = /\bregistered\s$/i
const DATE = /^\d{4}[-./]\d{1,2}[-./]\d{1,2}|^\d{1,2}[-./]\d{1,2}[-./](?:\d{4}|\d{2}$)/
/** Zeros, decimals and fractions, the forms of US social security numbers and postcodes, a day and a number of four digits. */
const NO_PHONE = /^00|^\d+\.\d+$|^\d+\/\d{1,2}$|^\d{3}-\d\d-\d{4}$|^\d{5}-\d{4}$|^(?:19|20)\d{6}-\d{4}$/
/** Longest number of ITU-T E.164, and what national numbers have at least. */
const MOST_DIGITS = 15
const LEAST_DIGITS = 7
/** Shorter ones look like house numbers and postcodes: they need a word that speaks of calling. */
const LEAST_DIGITS_BY_FORM = 9

/** Whether a run of digits is worth the look: as many as phone numbers have, and no date. */
export function mayBePhone({ digits, text }: NumberRun): boolean {
  return digits.length >= LEAST_DIGITS && digits.length <= MOST_DIGITS && !DATE.test(text)
}

/**
 * Whether a run of digits that may be one is a phone number. With + or 00: if the country has numbers of that length. Without: if it is a
 * valid number in one of the regions and grouped as people there write it; or the words around it speak of calling and
 * a number of that length is possible in some region.
 */
export function isPhone(run: NumberRun, before: string, behind: string, regions: readonly CountryCode[]): boolean {
  const { digits, text } = run
  if (text.startsWith('+') || /^00[1-9]/.test(text))
    return parsePhoneNumberFromString(text.replace(/^00/, '+'))?.isPossible() ?? false
  if (NO_PHONE.test(text)) return false
  const isCalling = CALLING.test(before) || BEHIND.test(behind) || REGISTERED.test(before)
  if (isCalling && digits.length <= 12) return true
  if (text === digits || digits.length < LEAST_DIGITS_BY_FORM || before.endsWith('=')) return false
  if (OTHER_NUMBER.test(before) || MONEY_BEFORE.test(before) || MONEY_BEHIND.test(behind)) return false
  return regions.some((region) => {
    const number = parsePhoneNumberFromString(text, region)
    return number?.isValid() === true && isGroupedSo(text, number)
  })
}

/** Whether the library knows the country. */
export function isRegion(region: string): region is CountryCode {
  return isSupportedCountry(region)
}

function isGroupedSo(text: string, number: PhoneNumber): boolean {
  const groups = groupsOf(text)
  return [number.formatNational(), number.formatInternational().replace(/^\+\d+ /, '')].some(
    (way) => groupsOf(way) === groups,
  )
}

function groupsOf(text: string): string {
  return text.replaceAll(/\D+/g, ' ').trim()
}
