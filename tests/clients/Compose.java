import jakarta.activation.DataHandler;
import jakarta.mail.Message;
import jakarta.mail.Session;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeBodyPart;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import jakarta.mail.util.ByteArrayDataSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/** Writes one message for each charset that it is given: text, HTML with a picture, and a file. */
public class Compose {
    public static void main(String[] words) throws Exception {
        String subject = words[1], name = words[2], text = words[3];
        for (int number = 4; number < words.length; number++) {
            String charset = words[number];
            MimeMessage message = new MimeMessage(Session.getInstance(new Properties()));
            message.setFrom(new InternetAddress("ann@example.org", subject, charset));
            message.setRecipient(
                Message.RecipientType.TO, new InternetAddress("bob@example.com", subject, charset));
            message.setSubject(subject, charset);
            message.setContent(mixed(charset, name, text));
            try (var file = Files.newOutputStream(Path.of(words[0], charset + ".eml"))) {
                message.writeTo(file);
            }
        }
    }

    static MimeMultipart mixed(String charset, String name, String text) throws Exception {
        MimeBodyPart plain = new MimeBodyPart();
        plain.setText(text, charset);
        MimeBodyPart html = new MimeBodyPart();
        html.setText("<p>" + text + "</p><img src='cid:p'>", charset, "html");
        MimeBodyPart picture = bytes("image/png");
        picture.setContentID("<p>");
        picture.setDisposition("inline");
        MimeBodyPart file = bytes("application/pdf");
        file.setFileName(name);
        MimeMultipart both = new MimeMultipart("alternative");
        both.addBodyPart(plain);
        both.addBodyPart(within(new MimeMultipart("related", html, picture)));
        return new MimeMultipart("mixed", within(both), file);
    }

    static MimeBodyPart bytes(String type) throws Exception {
        MimeBodyPart part = new MimeBodyPart();
        part.setDataHandler(new DataHandler(new ByteArrayDataSource(new byte[] {0, 13, -1}, type)));
        return part;
    }

    static MimeBodyPart within(MimeMultipart parts) throws Exception {
        MimeBodyPart part = new MimeBodyPart();
        part.setContent(parts);
        return part;
    }
}
