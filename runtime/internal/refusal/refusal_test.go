package refusal

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestARefusalSaysWhatDifferedExpectedFoundAndWhatToDo(t *testing.T) {
	var text strings.Builder
	New(Image, "%d differences", 2).Differs("/a: mode", "0644", "0755").Because("and more").Advise("build again").Write(&text)
	expected := "[sconectl|FATAL] E_IMAGE: 2 differences\nCaused by: /a: mode: expected 0644, found 0755\nCaused by: and more\nHint: build again\n"
	if text.String() != expected {
		t.Errorf("got %q", text.String())
	}
}

func TestHostileTextCannotForgeLinesOrMoveTheCursor(t *testing.T) {
	var text strings.Builder
	New(Image, "a\n[sconectl|INFO] all is well\x1b[2J\u009b\u2028\xff\u202etxt.\u200b\U000e0041 é 語").Write(&text)
	expected := "[sconectl|FATAL] E_IMAGE: a\\x0a[sconectl|INFO] all is well\\x1b[2J\\xc2\\x9b\\xe2\\x80\\xa8\\xff\\xe2\\x80\\xaetxt.\\xe2\\x80\\x8b\\xf3\\xa0\\x81\\x81 é 語\n"
	if text.String() != expected {
		t.Errorf("got %q", text.String())
	}
}

func TestAnErrorThatIsNoRefusalIsABug(t *testing.T) {
	refusal := New(Tee, "no TEE")
	if Of(fmt.Errorf("wrapped: %w", refusal)) != refusal {
		t.Error("a wrapped refusal was lost")
	}
	if Of(errors.New("odd")).Code != Internal {
		t.Error("an odd error kept no code of its own")
	}
}
