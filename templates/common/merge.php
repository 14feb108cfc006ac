<?php
/*
 * Merges a site's part into the firewall's own configuration, or takes it out again.
 *
 *   php merge.php PART.xml              merges; a second time changes nothing
 *   php merge.php PART.xml --remove     takes out exactly that
 *   php merge.php PART.xml --check      says what it would do, changes nothing
 *   ... --config FILE                   another file than /conf/config.xml
 *
 * An element with the attribute "uuid" or "key" is an entry of a list: it replaces the entry with the same uuid
 * or, for key="NAME", with the same text in its child NAME; others of the list are left alone. An element with
 * merge="list" is a comma-separated list that gets our values beside what is there. One with merge="keep" is set
 * where it is missing or empty and stays on removal. Everything else is a folder to go down into.
 */

const OURS = ['key', 'merge'];

function children(DOMElement $element): array
{
    $found = [];
    foreach ($element->childNodes as $child) {
        if ($child instanceof DOMElement) {
            $found[] = $child;
        }
    }
    return $found;
}

function named(DOMElement $into, string $name): ?DOMElement
{
    foreach (children($into) as $child) {
        if ($child->nodeName === $name) {
            return $child;
        }
    }
    return null;
}

function entry(DOMElement $into, DOMElement $part): ?DOMElement
{
    $key = $part->getAttribute('key');
    foreach (children($into) as $child) {
        if ($child->nodeName !== $part->nodeName) {
            continue;
        }
        if ($key === '') {
            if ($child->getAttribute('uuid') === $part->getAttribute('uuid')) {
                return $child;
            }
        } elseif (named($child, $key)?->textContent === named($part, $key)?->textContent) {
            return $child;
        }
    }
    return null;
}

function written(DOMElement $element): string
{
    return preg_replace('/>\s+</', '><', $element->ownerDocument->saveXML($element));
}

/* Ends with the line break that stands before it, so that nothing is left of it. */
function drop(DOMElement $element): void
{
    $before = $element->previousSibling;
    if ($before instanceof DOMText && trim($before->textContent) === '') {
        $before->parentNode->removeChild($before);
    }
    $element->parentNode->removeChild($element);
}

function merge(DOMElement $into, DOMElement $from, bool $remove, string $path): int
{
    $changes = 0;
    foreach (children($from) as $part) {
        $here = $path . '/' . $part->nodeName;
        $isEntry = $part->hasAttribute('uuid') || $part->hasAttribute('key');
        $old = $isEntry ? entry($into, $part) : named($into, $part->nodeName);
        $new = $into->ownerDocument->importNode($part, true);
        foreach (OURS as $name) {
            $new->removeAttribute($name);
        }
        if ($isEntry) {
            if ($remove) {
                if ($old !== null) {
                    drop($old);
                    $changes++;
                    echo "- $here\n";
                }
            } elseif ($old === null) {
                $into->appendChild($new);
                $changes++;
                echo "+ $here\n";
            } elseif (written($old) !== written($new)) {
                $into->replaceChild($new, $old);
                $changes++;
                echo "~ $here\n";
            }
        } elseif ($part->getAttribute('merge') === 'list') {
            $was = $old === null ? '' : $old->textContent;
            $values = array_filter(explode(',', $was), 'strlen');
            $ours = explode(',', $part->textContent);
            $values = $remove ? array_diff($values, $ours) : array_unique(array_merge($values, $ours));
            $will = implode(',', $values);
            if ($will !== $was) {
                $old ??= $into->appendChild($into->ownerDocument->createElement($part->nodeName));
                $old->textContent = $will;
                $changes++;
                echo "~ $here = $will\n";
            }
        } elseif ($part->getAttribute('merge') === 'keep') {
            $was = $old === null ? '' : $old->textContent;
            $same = $was === $part->textContent;
            if ($remove || $same || ($was !== '' && $was !== '0')) {
                if (!$remove && !$same) {
                    echo "! $here is $was, not {$part->textContent}: left as it is\n";
                }
                continue;
            }
            $old ??= $into->appendChild($into->ownerDocument->createElement($part->nodeName));
            $old->textContent = $part->textContent;
            $changes++;
            echo "~ $here = {$part->textContent}\n";
        } else {
            if ($old === null) {
                if ($remove) {
                    continue;
                }
                $old = $into->appendChild($into->ownerDocument->createElement($part->nodeName));
            }
            $changes += merge($old, $part, $remove, $here);
            if ($remove && $changes > 0 && !$old->hasAttributes() && trim(written($old), "<>/ \n") === $old->nodeName) {
                drop($old);
            }
        }
    }
    return $changes;
}

$options = array_slice($argv, 1);
$remove = in_array('--remove', $options, true);
$check = in_array('--check', $options, true);
$at = array_search('--config', $options, true);
$file = $at === false ? '/conf/config.xml' : $options[$at + 1];
if ($options === [] || str_starts_with($options[0], '-')) {
    fwrite(STDERR, "usage: php merge.php PART.xml [--remove] [--check] [--config FILE]\n");
    exit(64);
}
$config = new DOMDocument();
$part = new DOMDocument();
if (!$config->load($file) || !$part->load($options[0])) {
    fwrite(STDERR, "error: $file or {$options[0]} cannot be read\n");
    exit(1);
}
if ($config->documentElement->nodeName !== $part->documentElement->nodeName) {
    fwrite(STDERR, "error: $file belongs to {$config->documentElement->nodeName}\n");
    exit(1);
}
$changes = merge($config->documentElement, $part->documentElement, $remove, '');
if ($check || $changes === 0) {
    echo $changes === 0 ? "nothing to change\n" : "$changes change(s), none made\n";
    exit(0);
}
$backup = $file . '.underpass-' . date('Ymd-His');
if (!copy($file, $backup)) {
    fwrite(STDERR, "error: no backup could be written beside $file\n");
    exit(1);
}
chmod($backup, 0600);
$written = $config->save("$file.new");
if ($written === false || !chmod("$file.new", 0600) || !rename("$file.new", $file)) {
    fwrite(STDERR, "error: $file could not be written\n");
    exit(1);
}
echo "$changes change(s); before them: $backup\n";
